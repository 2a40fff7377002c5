"""${message}."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.schema import Moment

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "raise SystemExit('nothing to do')"}

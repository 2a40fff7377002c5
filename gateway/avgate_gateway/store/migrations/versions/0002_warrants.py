"""What people decided, sealed, and from when it is done; a code for each item that was planned."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("request", sa.Column("decisions_box", sa.LargeBinary()))
    op.add_column("request", sa.Column("begins_at", Moment()))
    op.add_column("item", sa.Column("warrant", sa.LargeBinary()))

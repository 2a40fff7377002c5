"""When staff proved who they are, and by what their provider ends a session."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("console_session", sa.Column("proved_at", Moment()))
    op.add_column("console_session", sa.Column("provider_session", sa.String(200)))
    op.create_index("ix_console_session_subject", "console_session", ["subject"], unique=False)

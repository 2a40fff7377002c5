"""What people decided, sealed beside the request, and a code for each item that was planned."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("request", sa.Column("decisions_box", sa.LargeBinary()))
    op.add_column("item", sa.Column("warrant", sa.LargeBinary()))

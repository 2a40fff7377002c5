"""Clients and tokens that are refused before they run out."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "refused",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_refused"),
    )

"""Letters to the person: every version with its digest, sealed."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("providers", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(64), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("pdf_box", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("request_id", "version", name=op.f("pk_letter")),
    )

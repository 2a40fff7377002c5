"""Codes of evidence, checkpoints of it, and the roots of complete runs of it."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store import chain
from avgate_gateway.store.moment import Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("evidence", sa.Column("code", sa.LargeBinary()))
    chain.add_code(op.get_bind())
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "checkpoint",
        sa.Column("size", number, autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "evidence_tile",
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_evidence_tile")),
    )

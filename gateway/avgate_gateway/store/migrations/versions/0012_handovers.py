"""Copies that are handed over to a successor."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.Column("controller", sa.String(40), nullable=False),
        sa.Column("destination", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("gives_up_at", Moment(), nullable=False),
        sa.Column("next_attempt_at", Moment()),
        sa.Column("claim", sa.String(36)),
        sa.Column("claimed_until", Moment()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("code", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("delivered_at", Moment()),
        sa.Column("name", sa.Text()),
        sa.Column("answer", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_request_id"), "handover", ["request_id"])
    op.create_index(op.f("ix_handover_next_attempt_at"), "handover", ["next_attempt_at"])

"""What is sent to others, and where a caller wants to be called."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import BigId

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("request", sa.Column("callback_host", sa.String(length=280)))
    op.add_column("request", sa.Column("callback_box", sa.LargeBinary()))
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("endpoint", sa.String(length=300), nullable=False),
        sa.Column("request_id", sa.String(length=36)),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_at", Moment()),
        sa.Column("claim", sa.String(length=36)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
    )
    for columns in (
        ["controller", "made_at", "id"],
        ["controller", "endpoint", "made_at", "id"],
        ["request_id"],
    ):
        full = op.f(f"ix_webhook_delivery_{'_'.join(columns)}")
        op.create_index(full, "webhook_delivery", columns)
    for name, where, columns in (
        ("waiting", "state = 'waiting'", ["controller", "endpoint", "next_at"]),
        ("not_there", "state != 'delivered'", ["controller", "state", "made_at", "id"]),
    ):
        op.create_index(
            f"ix_webhook_delivery_{name}", "webhook_delivery", columns,
            sqlite_where=sa.text(where), postgresql_where=sa.text(where),
        )  # fmt: skip
    op.create_table(
        "webhook_attempt",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("word", sa.String(length=20), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index(
        op.f("ix_webhook_attempt_delivery_id_number"), "webhook_attempt", ["delivery_id", "number"]
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("failing_since", Moment()),
        sa.Column("paused_until", Moment()),
        sa.Column("disabled_at", Moment()),
        sa.Column("reason", sa.String(length=20)),
        sa.PrimaryKeyConstraint("controller", "name", name=op.f("pk_webhook_endpoint")),
    )

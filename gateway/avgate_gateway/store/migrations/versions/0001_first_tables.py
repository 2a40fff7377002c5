"""The first tables."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store import chain
from avgate_gateway.store.moment import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "lead",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("is_customer", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "request_id", name=op.f("pk_lead")),
    )
    op.create_index(op.f("ix_lead_request_id"), "lead", ["request_id"], unique=False)
    op.create_table(
        "callback",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_callback")),
    )
    op.create_table(
        "copy_part",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("product", sa.String(length=40), nullable=False),
        sa.Column("file", sa.Integer(), nullable=True),
        sa.Column("name_box", sa.LargeBinary(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("table_box", sa.LargeBinary(), nullable=True),
        sa.Column("table_columns", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_part")),
    )
    op.create_index(
        op.f("ix_copy_part_request_id_connector_category_product_file_id"),
        "copy_part",
        ["request_id", "connector", "category", "product", "file", "id"],
        unique=False,
    )
    op.create_table(
        "evidence",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_evidence")),
    )
    op.create_index(
        op.f("ix_evidence_controller_sequence"),
        "evidence",
        ["controller", "sequence"],
        unique=False,
    )
    op.create_index(
        op.f("ix_evidence_request_id_sequence"),
        "evidence",
        ["request_id", "sequence"],
        unique=False,
    )
    op.create_table(
        "hand_task",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("product", sa.String(length=40), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("completed_at", Moment(), nullable=True),
        sa.Column("completed_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_task")),
    )
    op.create_index(
        op.f("ix_hand_task_controller_completed_at_made_at"),
        "hand_task",
        ["controller", "completed_at", "made_at"],
        unique=False,
    )
    op.create_index(op.f("ix_hand_task_request_id"), "hand_task", ["request_id"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_made_at"), "idempotency", ["made_at"], unique=False)
    op.create_table(
        "item",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("product", sa.String(length=40), nullable=False),
        sa.Column("term_starts", Moment(), nullable=True),
        sa.Column("service_runs", sa.Boolean(), nullable=False),
        sa.Column("erasure", sa.String(length=16), nullable=False),
        sa.Column("upstream_version", sa.Text(), nullable=True),
        sa.Column("action", sa.String(length=16), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("batch", sa.String(length=36), nullable=True),
        sa.Column("ground", sa.String(length=60), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("look_at", Moment(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ref_box", sa.LargeBinary(), nullable=True),
        sa.Column("changes_box", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint(
            "request_id", "connector", "digest", name=op.f("uq_item_request_id_connector_digest")
        ),
    )
    op.create_index(
        op.f("ix_item_request_id_connector_state"),
        "item",
        ["request_id", "connector", "state"],
        unique=False,
    )
    op.create_index(
        "ix_item_look",
        "item",
        ["request_id", "connector", "look_at", "id"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_table(
        "processor",
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen", Moment(), nullable=False),
        sa.Column("last_seen", Moment(), nullable=True),
        sa.Column("entry", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint(
            "controller", "provider", "name", "first_seen", name=op.f("pk_processor")
        ),
    )
    op.create_table(
        "published_list",
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("fetched_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("controller", "provider", name=op.f("pk_published_list")),
    )
    op.create_table(
        "remark",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "place", name=op.f("pk_remark")),
    )
    op.create_table(
        "request",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("waiting_for", sa.String(length=16), nullable=True),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("promised", sa.Date(), nullable=False),
        sa.Column("legal", sa.Date(), nullable=False),
        sa.Column("extended", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("identifier_kinds", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("identity_method", sa.String(length=100), nullable=True),
        sa.Column("identity_by", sa.String(length=200), nullable=True),
        sa.Column("identity_at", Moment(), nullable=True),
        sa.Column("plan_digest", sa.String(length=64), nullable=True),
        sa.Column("plan_valid_until", Moment(), nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("approved_digest", sa.String(length=64), nullable=True),
        sa.Column("closing", sa.String(length=200), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("wake_at", Moment(), nullable=True),
        sa.Column("held_by", sa.String(length=48), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("subject_key", sa.LargeBinary(), nullable=True),
        sa.Column("retention_key", sa.LargeBinary(), nullable=True),
        sa.Column("confidential_box", sa.LargeBinary(), nullable=True),
        sa.Column("plan_box", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
    )
    for columns in (
        ["controller", "received_at", "id"],
        ["controller", "promised", "received_at"],
        ["controller", "operation", "received_at", "id"],
        ["controller", "reference", "received_at", "id"],
    ):
        op.create_index(op.f(f"ix_request_{'_'.join(columns)}"), "request", columns, unique=False)
    op.create_index(
        "ix_request_open",
        "request",
        ["controller", "state", "received_at", "id"],
        unique=False,
        sqlite_where=sa.text("state != 'closed'"),
        postgresql_where=sa.text("state != 'closed'"),
    )
    op.create_index(op.f("ix_request_wake_at"), "request", ["wake_at"], unique=False)
    op.create_index(
        op.f("ix_request_controller_wake_at"), "request", ["controller", "wake_at"], unique=False
    )
    op.create_table(
        "task",
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resume", sa.String(length=16), nullable=True),
        sa.Column("next_attempt_at", Moment(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.Column("looked_with", sa.String(length=64), nullable=True),
        sa.Column("unseen", sa.JSON(), nullable=True),
        sa.Column("left_earlier", sa.JSON(), nullable=True),
        sa.Column("learned_box", sa.LargeBinary(), nullable=True),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "connector", name=op.f("pk_task")),
    )
    op.create_index(
        op.f("ix_task_controller_connector_received_at_request_id"),
        "task",
        ["controller", "connector", "received_at", "request_id"],
        unique=False,
    )
    op.create_index(
        "ix_task_stuck",
        "task",
        ["controller", "received_at", "request_id", "connector"],
        unique=False,
        sqlite_where=sa.text("stage = 'stuck'"),
        postgresql_where=sa.text("stage = 'stuck'"),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("protocol", sa.String(length=20), nullable=False),
        sa.Column("release", sa.String(length=40), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("beat_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    chain.make(op.get_bind())

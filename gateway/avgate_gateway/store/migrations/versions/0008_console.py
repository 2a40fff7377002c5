"""Who is signed in to the console, and what staff find requests by."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "console_session",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("controller", sa.String(40), nullable=False),
        sa.Column("client_id", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("token_id", sa.String(200), nullable=False),
        sa.Column("signed_in_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment()),
        sa.PrimaryKeyConstraint("digest", name="pk_console_session"),
        sa.UniqueConstraint("token_id", name="uq_console_session_token_id"),
    )
    op.create_index("ix_console_session_ends_at", "console_session", ["ends_at"], unique=False)
    op.create_table(
        "known_by",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("digest", "request_id", name="pk_known_by"),
    )
    op.create_index("ix_known_by_request_id", "known_by", ["request_id"], unique=False)

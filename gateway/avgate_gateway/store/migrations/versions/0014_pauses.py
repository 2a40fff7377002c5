"""Systems that are paused, and what the figures of a period are counted by."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0014"
down_revision = "0013"
_LASTS = sa.text("ended_at IS NULL")
_CLOSED = sa.text("state = 'closed'")
_RETAINED = sa.text("state = 'retained'")


def upgrade() -> None:
    op.create_table(
        "pause",
        sa.Column("controller", sa.String(40), nullable=False),
        sa.Column("connector", sa.String(40), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("paused_by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", Moment()),
        sa.Column("ended_by", sa.String(200)),
        sa.PrimaryKeyConstraint("controller", "connector", "since", name="pk_pause"),
    )
    op.create_index(
        "uq_pause_lasting", "pause", ["controller", "connector"],
        unique=True, sqlite_where=_LASTS, postgresql_where=_LASTS,
    )  # fmt: skip
    op.create_index(
        "ix_request_closed", "request",
        ["controller", "closed_at", "operation", "closing", "received_at", "promised", "legal",
         "extended", "id"],
        unique=False, sqlite_where=_CLOSED, postgresql_where=_CLOSED,
    )  # fmt: skip
    op.create_index(
        "ix_item_retained", "item", ["request_id", "ground"],
        unique=False, sqlite_where=_RETAINED, postgresql_where=_RETAINED,
    )  # fmt: skip

"""Which request came by OpenDSR under which id, and when the data subject asked."""

import sqlalchemy as sa
from alembic import op

from avgate_gateway.store.moment import Moment

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("request", sa.Column("submitted_at", Moment()))
    op.create_table(
        "opendsr_request",
        sa.Column("controller", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("naming", sa.String(length=16), nullable=False),
        sa.Column("told", sa.String(length=16)),
        sa.Column("box", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("controller", "digest", name=op.f("pk_opendsr_request")),
        sa.UniqueConstraint("request_id", name=op.f("uq_opendsr_request_request_id")),
    )

"""In which folder a sealed copy lies, so that no other machine seals it a second time."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("handover", sa.Column("folder", sa.String(36)))

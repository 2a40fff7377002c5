"""What a person said has to stay instead of being done by hand: on which ground, and its last day."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("hand_task", sa.Column("kept_ground", sa.String(40)))
    op.add_column("hand_task", sa.Column("kept_until", sa.Date()))

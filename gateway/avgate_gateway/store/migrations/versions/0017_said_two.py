"""Which system said that two people fit: until it has looked again, that stands, however long it is down."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

# One that is asked again by now left no trace of what it said, but those that it holds back did.
_ASKED_AGAIN = """
UPDATE task SET said_two = true
WHERE stage IN ('locate', 'verify') AND EXISTS (
    SELECT 1 FROM task AS other
    WHERE other.request_id = task.request_id AND other.stage = 'stuck' AND other.code = 'held_back'
)
"""


def upgrade() -> None:
    op.add_column("task", sa.Column("said_two", sa.Boolean()))
    op.execute(_ASKED_AGAIN)

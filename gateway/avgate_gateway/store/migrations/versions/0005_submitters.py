"""Who submitted a request, as a keyed digest: the same person is no second one through another client."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("request", sa.Column("submitter", sa.String(64)))

"""Runs Alembic's migrations; loaded only where a database is behind."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

_HERE = Path(__file__).parent


def upgrade(connection: sa.Connection, to: str = "head") -> None:
    """Runs what is missing up to a revision, in the transaction of the connection."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    command.upgrade(config, to)

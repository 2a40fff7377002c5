"""Brings a database to the tables of this release, with Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

_HERE = Path(__file__).parent


def migrate(url: str) -> None:
    """Runs the migrations that are missing; harmless on a database that is up to date."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    engine = sa.create_engine(_driven(url))
    try:
        with engine.begin() as connection:
            if _is_current(connection, config):
                return
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _is_current(connection: sa.Connection, config: Config) -> bool:
    context = MigrationContext.configure(connection)
    return context.get_current_heads() == tuple(ScriptDirectory.from_config(config).get_heads())


def _driven(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)

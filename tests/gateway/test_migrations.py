"""Both ways to a database of this release: made at once, and migrated step by step."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from avgate_gateway.store import migrations
from avgate_gateway.store.migrations import HEAD, migrate
from avgate_gateway.store.migrations.upgrading import upgrade
from avgate_gateway.store.schema import metadata


def tables(path: Path) -> list[str]:
    """Every table and index, as the database itself tells it, without regard to spacing."""
    with sa.create_engine(f"sqlite:///{path}").connect() as connection:
        rows = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return sorted(" ".join(row[0].replace('"', "").split()) for row in rows)


def migrated(path: Path) -> None:
    with sa.create_engine(f"sqlite:///{path}").begin() as connection:
        upgrade(connection)


def test_a_database_that_was_migrated_has_the_tables_of_the_release(tmp_path: Path) -> None:
    migrated(tmp_path / "old.db")
    with sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}").connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_a_database_that_was_made_at_once_equals_one_that_was_migrated(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'new.db'}")
    migrated(tmp_path / "old.db")
    made = [line for line in tables(tmp_path / "new.db") if "alembic_version" not in line]
    assert made == [line for line in tables(tmp_path / "old.db") if "alembic_version" not in line]


def test_a_database_without_a_version_is_brought_up_and_a_current_one_is_left_alone(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    migrate(url)
    with sa.create_engine(url).connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).all() == [
            (HEAD,)
        ]


def test_a_first_start_that_dies_half_way_leaves_nothing_in_the_way_of_the_next(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"

    def die(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO alembic_version"):
            raise KeyboardInterrupt

    sa.event.listen(sa.Engine, "before_cursor_execute", die)
    try:
        with pytest.raises(KeyboardInterrupt):
            migrate(url)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", die)
    assert tables(tmp_path / "a.db") == []
    migrate(url)
    assert tables(tmp_path / "a.db")


def test_the_newest_migration_is_the_one_that_new_databases_are_marked_with() -> None:
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_heads() == [HEAD]

"""Two processes on one SQLite file would do everything twice: the second is kept off, by whatever name it comes."""

from pathlib import Path

import pytest

from avgate_gateway.alone import AlreadyRunningError, alone


async def test_the_second_is_kept_off_until_the_first_has_ended(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/avgate.db"
    async with alone(database):
        with pytest.raises(AlreadyRunningError):
            async with alone(database):
                pass
    async with alone(database):
        pass


async def test_the_second_is_kept_off_also_where_it_knows_the_file_by_another_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "current.db").symlink_to(tmp_path / "data/avgate.db")
    async with alone(f"sqlite:///{tmp_path}/data/avgate.db"):
        for name in ("current.db", "data/../data/avgate.db"):
            with pytest.raises(AlreadyRunningError):
                async with alone(f"sqlite:///{tmp_path}/{name}"):
                    pass


async def test_the_second_is_kept_off_also_where_somebody_took_the_lock_for_a_leftover(
    tmp_path: Path,
) -> None:
    """Both worked on every request then, each as if it were alone."""
    database = f"sqlite:///{tmp_path}/avgate.db"
    (tmp_path / "avgate.db.key").write_bytes(b"key")
    async with alone(database) as first:
        first()
        (tmp_path / "avgate.db.lock").unlink()
        async with alone(database) as second:
            with pytest.raises(AlreadyRunningError):
                second()
    async with alone(database) as third:
        third()

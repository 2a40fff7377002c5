"""Nor does a person stand in a PostgreSQL: not in its files, its write-ahead log, its own log, or its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .cluster import Cluster, as_account
from .conftest import begun
from .fleet import Fleet
from .harness import Mocks, Office
from .indoors import BY_HAND
from .marking import carried_out, standing_in
from .opendsr_sender import SETTINGS, vouched_for

# Boxes and digests: in so many letters a short number stands by chance, and the files have them as they are.
_BYTES = re.compile(rb"\\x[0-9a-f]+")
_PLACES = ("data/base", "data/pg_wal", "log", "rows")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mocks]:
    made = begun(tmp_path_factory.mktemp("marked"), seed=43, people=40)
    made.config.write_text(vouched_for(made.config.read_text()) + BY_HAND + SETTINGS)
    yield made
    made.end()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of its own, which writes down every statement with its values."""
    made = Cluster({"log_statement": "all", "log_parameter_max_length": "-1"})
    made.start()
    yield made
    made.end()


@pytest.fixture
def fleet(cluster: Cluster, own: Mocks, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(cluster, own, tmp_path / "fleet")
    yield made
    made.end()


def at_rest(fleet: Fleet) -> Mapping[str, bytes]:
    """All that the server wrote: tables, write-ahead log, its own log, and each row as a statement.

    Rows that nobody sees any more stand in the files too; long values are plain in the statements alone.
    """
    cluster = fleet.cluster
    cluster.ask("CHECKPOINT")
    rows = cluster.dump(as_account("postgres", fleet.url))
    files = {name: cluster.folder / name for name in ("data/base", "data/pg_wal")}
    read = {name: b"".join(map(Path.read_bytes, all_in(place))) for name, place in files.items()}
    told = {"log": cluster.log().encode(), "rows": rows}
    return read | {name: _BYTES.sub(b"", text) for name, text in told.items()}


def all_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def found(fleet: Fleet, people: set[str]) -> Mapping[str, set[str]]:
    return {name: standing_in(text, people) for name, text in at_rest(fleet).items()}


def test_a_person_stands_nowhere_in_a_server(own: Mocks, fleet: Fleet) -> None:
    served = fleet.serve("only")
    fleet.ready()
    office = Office(served.caller("libervoice", "portal"), served.caller("libervoice", "second"))
    people = carried_out(own, office)
    assert len(people) > 100
    assert found(fleet, people) == {place: set() for place in _PLACES}

    name = own.everyone[21].name.full  # its teeth: one column in clear
    fleet.cluster.ask("CREATE TABLE plain (told text)", url=fleet.url)
    fleet.cluster.ask("INSERT INTO plain VALUES (%s)", f"about {name}", url=fleet.url)
    assert found(fleet, {name}) == {place: {name} for place in _PLACES}

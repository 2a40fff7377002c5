"""What a package claims to have passed, and when that counts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avgate_contracts.conformance import FILE_NAME, source_digest
from avgate_gateway.registry import Installed, discover

from .invented_distributions import CONNECTOR, Site, claim, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


RECORDED = datetime(2026, 11, 1, tzinfo=UTC)


def acme(here: Site, least: int = 0, *, after: timedelta = timedelta()) -> Installed:
    found = discover(
        ["acme-avgate"], least, installed=here.installed(), now=lambda: RECORDED + after
    )
    return found["acme"]


def test_the_level_that_the_evidence_names_is_told(here: Site) -> None:
    claim(here.install("acme-avgate"), 4)
    one = acme(here, 4)
    assert (one.level, one.level_note, one.refused) == (4, None, None)


def test_a_level_below_the_least_is_refused_without_an_import(here: Site) -> None:
    claim(here.install("acme-avgate"), 2)
    one = acme(here, 3)
    assert one.refused == "its evidence says L2; least_level is 3"
    assert one.level == 2
    assert "acme_avgate" not in sys.modules


def test_fresh_is_what_a_connector_is_no_more_when_its_recordings_are_old(here: Site) -> None:
    told = [{"recorded_at": RECORDED.isoformat()}, {"recorded_at": "2026-11-20T09:00:00+01:00"}]
    claim(here.install("acme-avgate"), 5, cassettes=told)
    assert acme(here, 5, after=timedelta(days=180)).refused is None
    old = acme(here, 5, after=timedelta(days=181))
    assert old.refused == "its recordings are older than 180 days, so it is L4; least_level is 5"
    assert acme(here, 4, after=timedelta(days=2000)).refused is None


@pytest.mark.parametrize(
    "told", [None, [], [{}], [{"recorded_at": None}], [{"recorded_at": "soon"}], 7]
)
def test_recordings_of_which_nobody_knows_the_age_are_not_fresh(here: Site, told: object) -> None:
    claim(here.install("acme-avgate"), 5, cassettes=told)
    assert acme(here).level == 4


def test_no_evidence_is_no_level(here: Site) -> None:
    here.install("acme-avgate")
    assert acme(here).refused is None
    assert acme(here, 1).refused == "it carries no conformance evidence; least_level is 1"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "format other than 1"),
        ('{"format": 2}', "format other than 1"),
        ('{"format": 1, "level": 4}', "lacks connector"),
        (" " * 2_000_000, "is too large"),
    ],
)
def test_evidence_that_cannot_be_read_does_not_count(here: Site, content: str, why: str) -> None:
    (here.install("acme-avgate") / FILE_NAME).write_text(content)
    one = acme(here)
    assert one.level == 0
    assert why in str(one.level_note)
    assert one.refused is None


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"connector": "beta"}, "is of another connector"),
        ({"source": "sha256:00"}, "is of other source than is installed"),
        ({"protocol": "1.1"}, "is of protocol 1.1, not 1.0"),
        ({"level": True}, "has no level from 0 to 5"),
        ({"level": 6}, "has no level from 0 to 5"),
        ({"level": "4"}, "has no level from 0 to 5"),
    ],
)
def test_evidence_about_something_else_does_not_count(
    here: Site, other: dict[str, object], why: str
) -> None:
    claim(here.install("acme-avgate"), **other)
    assert why in str(acme(here).level_note)
    assert acme(here).level == 0
    assert why in str(acme(here, 1).refused)


@pytest.mark.parametrize("name", ["__init__.py", "client.py", "sub/client.py", "client.pyc"])
def test_a_line_changed_after_the_tests_ends_the_claim(here: Site, name: str) -> None:
    package = here.install("acme-avgate")
    claim(package)
    (package / "sub").mkdir()
    assert acme(here).level == 4
    with (package / name).open("a") as file:
        file.write("\n# changed\n")
    assert "other source" in str(acme(here).level_note)


def test_the_digest_follows_the_source_and_not_the_checkout(tmp_path: Path) -> None:
    for folder, ending in (("a", "\n"), ("b", "\r\n")):
        (tmp_path / folder / "__pycache__").mkdir(parents=True)
        text = CONNECTOR.replace("\n", ending)
        (tmp_path / folder / "__init__.py").write_bytes(text.encode())
        (tmp_path / folder / "__pycache__" / "x.pyc").write_bytes(ending.encode())
    assert source_digest(tmp_path / "a") == source_digest(tmp_path / "b")

"""Which connectors may be used, and that a broken one stops nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from avgate_gateway.registry import Installed, discover

from .invented_distributions import CONNECTOR, Site, site

_SOON = 0.3  # seconds that a test waits for an import that never ends


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


def found(
    here: Site, allowed: Sequence[str] = ("acme-avgate",), seconds: float = 20
) -> dict[str, Installed]:
    return dict(discover(allowed, installed=here.installed(), seconds=seconds))


def refusal(here: Site, allowed: Sequence[str] = ("acme-avgate",), seconds: float = 20) -> str:
    one = found(here, allowed, seconds)["acme"]
    assert (one.kind, one.manifest) == (None, None)
    assert one.refused is not None
    return one.refused


def test_an_allowed_connector_is_ready_for_use(here: Site) -> None:
    here.install("acme-avgate")
    one = found(here)["acme"]
    assert one.refused is None
    assert one.manifest is not None
    assert (one.distribution, one.version, one.manifest.title) == ("acme-avgate", "1.2", "Acme")


def test_a_name_in_another_spelling_is_the_same_distribution(here: Site) -> None:
    here.install("Acme-Avgate")
    assert found(here, ["acme.avgate"])["acme"].refused is None


def test_what_is_not_allowed_is_listed_but_its_code_never_runs(here: Site) -> None:
    here.install("acme-avgate", "raise SystemExit('it ran')")
    assert refusal(here, ["avgate"]) == "distribution acme-avgate is not in connectors_allowed"
    assert "acme_avgate" not in sys.modules


@pytest.mark.parametrize(
    ("version", "wanted", "is_within"),
    [
        ("1.2", ">=1,<2", True),
        ("1.2", "", True),
        ("2.0", ">=1,<2", False),
        ("2.0rc1", ">=1,<2", False),
        ("1.3b1", ">=1,<2", True),
        ("1.2.post1", "==1.2.*", True),
        ("1.2", "!=1.2", False),
    ],
)
def test_only_versions_within_the_range_are_loaded(
    here: Site, version: str, wanted: str, *, is_within: bool
) -> None:
    here.install("acme-avgate", version=version)
    one = found(here, [f"acme-avgate{wanted}"])["acme"]
    assert (one.refused is None) is is_within
    assert ("acme_avgate" in sys.modules) is is_within
    if not is_within:
        assert one.refused is not None
        assert f"version {version} of acme-avgate is not within" in one.refused


def test_a_version_that_is_none_is_within_no_range(here: Site) -> None:
    here.install("acme-avgate", version="newest")
    assert found(here, ["acme-avgate"])["acme"].refused is None
    assert "version newest" in refusal(here, ["acme-avgate>=1"])


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import acme_crm_that_is_not_there", "ModuleNotFoundError: acme_crm_that_is_not_there"),
        ("1 / 0", "ZeroDivisionError at acme_avgate/__init__.py:1"),
        ("raise SystemExit(3)", "failed with SystemExit"),
        ("raise KeyboardInterrupt", "failed with KeyboardInterrupt"),
        ("def broken(:", "failed with SyntaxError"),
        ("raise BaseExceptionGroup('all', [SystemExit(1)])", "failed with BaseExceptionGroup"),
        ("def again(): again()\nagain()", "failed with RecursionError"),
        ("Other = 1", "failed with AttributeError"),
        ("Acme = 'a class?'", "not a class"),
        ("class Acme: pass", "no manifest"),
        (CONNECTOR.replace('name="acme"', 'name="other"'), "another name"),
        (CONNECTOR.replace('title="Acme"', "title=None"), "title of its manifest"),
        (CONNECTOR.replace("frozenset({sdk.Category.CRM_DATA})", "None"), "holds of its manifest"),
        (CONNECTOR.replace("{sdk.IdentifierKind.EMAIL}", "{'mail'}"), "finds_by of its manifest"),
        (CONNECTOR.replace("sdk.ConnectorSettings\n\n", "dict\n\n"), "settings_type"),
        (CONNECTOR.replace("async def access", "async def axess"), "has no access of its own"),
        (CONNECTOR.replace("async def check", "async def chekc"), "has no check of its own"),
        (
            CONNECTOR.replace(
                '"acme",\n',
                '"acme",\n        erases={sdk.Category.CRM_DATA: sdk.ErasureWay.DELETE},\n',
            ),
            "does not say SupportsErase",
        ),
        (
            (
                f"{CONNECTOR}\nclass Odd(type):\n    @property\n    def manifest(cls): raise SystemExit\n"
                "class Acme(metaclass=Odd): pass\n"
            ),
            "failed with SystemExit",
        ),
        (
            (
                f"{CONNECTOR}\nclass Odd(type):\n    def __getattribute__(cls, name): 1 / 0\n"
                "class Acme(metaclass=Odd): pass\n"
            ),
            "failed with ZeroDivisionError",
        ),
    ],
)
def test_whatever_is_wrong_with_one_is_told_and_the_others_work(
    here: Site, source: str, why: str
) -> None:
    here.install("acme-avgate", source)
    here.install(
        "beta", CONNECTOR.replace('name="acme"', 'name="beta"'), entry="beta = {package}:Acme"
    )
    allowed = ["acme-avgate", "beta"]
    assert why in refusal(here, allowed)
    assert found(here, allowed)["beta"].refused is None


def test_an_import_that_never_ends_is_not_waited_for(here: Site) -> None:
    """Its module stays locked as long as the process lives, so no other test may bear its name."""
    here.install("acme-hangs", "import threading\nthreading.Event().wait()\n")
    told = refusal(here, ["acme-hangs"], _SOON)
    assert told == f"importing it did not end within {_SOON} seconds"


def test_what_an_import_prints_is_no_part_of_what_a_program_reads(
    here: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    here.install("acme-avgate", f"print('hello')\n{CONNECTOR}")
    assert found(here)["acme"].refused is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "content", [b"\xff\xfe avgate.connectors.v1", b"acme = a:B\n[avgate.connectors.v1]\n"]
)
def test_metadata_that_cannot_be_read_is_told(here: Site, content: bytes) -> None:
    here.install("acme-avgate")
    (here.about("acme-avgate") / "entry_points.txt").write_bytes(content)
    (one,) = found(here).values()
    assert (one.name, one.refused) == (
        "acme-avgate",
        "its metadata cannot be read; install it again",
    )


def test_a_distribution_without_a_name_is_not_allowed(here: Site) -> None:
    here.install("acme-avgate")
    (here.about("acme-avgate") / "METADATA").unlink()
    assert "distribution unknown is not" in refusal(here)


def test_a_broken_distribution_that_is_none_of_ours_is_passed_over(here: Site) -> None:
    here.install("acme-avgate")
    here.install("other", group="console_scripts", entry="this line says nothing")
    assert list(found(here)) == ["acme"]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("acme = {package}:", "module:Class"),
        ("acme = not a module", "module:Class"),
        ("acme =", "module:Class"),
    ],
)
def test_an_entry_point_that_names_no_class_is_told(here: Site, entry: str, why: str) -> None:
    here.install("acme-avgate", entry=entry)
    assert why in refusal(here)


def test_a_name_that_no_config_could_hold_is_told(here: Site) -> None:
    here.install("acme-avgate", entry="Acme CRM = {package}:Acme")
    assert "a-z, 0-9 and hyphens" in str(found(here)["Acme CRM"].refused)


def test_a_package_that_is_not_allowed_takes_no_name_from_one_that_is(here: Site) -> None:
    here.install("acme-avgate")
    here.install("aaa-grabber", "raise SystemExit")
    both = found(here)
    assert both["acme"].refused is None
    assert "not in connectors_allowed" in str(both["acme@aaa-grabber"].refused)


def test_two_allowed_connectors_of_one_name_are_both_refused(here: Site) -> None:
    here.install("acme-avgate")
    here.install("acme-crm", "raise SystemExit")
    both = found(here, ["acme-avgate", "acme-crm"])
    assert sorted(both) == ["acme", "acme@acme-crm"]
    assert {one.refused for one in both.values()} == {
        (
            "more than one connector of this name is offered, by acme-avgate and acme-crm; "
            "allow or install one"
        )
    }


def test_a_connector_of_another_major_is_told_and_not_imported(here: Site) -> None:
    here.install("acme-avgate", group="avgate.connectors.v2")
    assert "speaks protocol 2" in refusal(here)
    assert "acme_avgate" not in sys.modules

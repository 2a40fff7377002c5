"""The operator's list of distributions and versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_contracts.conformance import HIGHEST_LEVEL
from avgate_gateway.allowance import Allowance, AllowanceError
from avgate_gateway.settings import SettingsError, load

_CONFIG = """
connectors_allowed = {allowed}
least_level = {level}
[controllers.libervoice]
title = "L"
retention = "libervoice-2019"
"""


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("", "cannot be read"),
        ("acme avgate", "cannot be read"),
        ("acme-avgate>=", "cannot be read"),
        ("acme-avgate @ https://acme.example/a.whl", "address"),
        ("acme-avgate[all]", "extra"),
        ("acme-avgate; python_version > '3'", "marker"),
    ],
)
def test_an_entry_that_is_no_distribution_is_told_with_an_example(entry: str, why: str) -> None:
    with pytest.raises(AllowanceError, match=why) as told:
        Allowance.of([entry])
    assert "acme-avgate>=1,<2" in str(told.value)


def test_a_distribution_stands_once() -> None:
    with pytest.raises(AllowanceError, match="names acme-avgate twice"):
        Allowance.of(["acme-avgate>=1", "Acme_Avgate<3"])


@pytest.mark.parametrize(
    ("allowed", "level", "why"),
    [
        ('["avgate", "acme>=1 <2"]', "0", "connectors_allowed"),
        ('["avgate"]', "6", "least_level"),
        ('["avgate"]', "true", "least_level"),
    ],
)
def test_a_wrong_list_or_level_is_found_when_the_config_is_read(
    tmp_path: Path, allowed: str, level: str, why: str
) -> None:
    path = tmp_path / "avgate.toml"
    path.write_text(_CONFIG.format(allowed=allowed, level=level))
    with pytest.raises(SettingsError, match=why):
        load(path, {})


def test_every_level_that_evidence_may_name_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "avgate.toml"
    path.write_text(_CONFIG.format(allowed='["avgate"]', level=HIGHEST_LEVEL))
    assert load(path, {}).least_level == HIGHEST_LEVEL
    path.write_text(_CONFIG.format(allowed='["avgate"]', level=HIGHEST_LEVEL + 1))
    with pytest.raises(SettingsError, match="least_level"):
        load(path, {})


def test_ranges_are_part_of_the_config(tmp_path: Path) -> None:
    path = tmp_path / "avgate.toml"
    path.write_text(_CONFIG.format(allowed='["avgate", "acme-avgate>=1,<2"]', level="2"))
    settings = load(path, {})
    assert settings.connectors_allowed == ("avgate", "acme-avgate>=1,<2")
    assert settings.least_level == 2

"""Which protocol versions are served."""

from __future__ import annotations

import pytest

from avgate_contracts.connector import PROTOCOL, Manifest
from avgate_gateway.registry import GROUP
from avgate_gateway.registry.protocol import OURS, Protocol, notice, refusal


@pytest.mark.parametrize(
    ("spoken", "why"),
    [
        ("1.3", None),
        ("1.2", None),
        ("1.1", "a newer version of the connector"),
        ("1.0", "a newer version of the connector"),
        ("1.4", "a newer gateway"),
        ("1.13", "a newer gateway"),
        ("2.0", "a newer gateway"),
        ("2.3", "a newer gateway"),
        ("0.3", "a newer version of the connector"),
        ("1", "MAJOR.MINOR"),
        ("1.3.0", "MAJOR.MINOR"),
        ("1.03", "MAJOR.MINOR"),
        ("1.x", "MAJOR.MINOR"),
        ("1.3\n", "MAJOR.MINOR"),
        ("1.\u0663", "MAJOR.MINOR"),
        ("", "MAJOR.MINOR"),
    ],
)
def test_a_gateway_of_1_3_serves_1_3_and_1_2(spoken: str, why: str | None) -> None:
    told = refusal(spoken, Protocol(1, 3))
    assert (told is None) if why is None else (told is not None and why in told)


def test_the_first_minor_has_none_before_it() -> None:
    assert Protocol(1, 0).served() == (Protocol(1, 0),)


def test_the_minor_before_the_current_is_told_when_it_ends() -> None:
    assert notice("1.2", Protocol(1, 3)) == "protocol 1.2 is served until 1.4"
    assert notice("1.3", Protocol(1, 3)) is None


def test_the_major_stands_in_the_entry_point_group() -> None:
    assert str(OURS) == PROTOCOL
    assert GROUP.endswith(f".v{OURS.major}")


def test_a_manifest_that_names_no_protocol_is_of_the_first() -> None:
    """Else a connector would say, at every new SDK, that it was written for that one."""
    fields = {field.name: field.default for field in Manifest.__dataclass_fields__.values()}
    assert fields["protocol"] == f"{OURS.major}.0"

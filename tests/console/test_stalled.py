"""Why a request stands still is told in Dutch too, whatever it is."""

from __future__ import annotations

from datetime import datetime

import pytest

from avgate_gateway.api import standstill
from avgate_gateway.console import stalled
from avgate_gateway.faults import Fault

from ..gateway.test_holdup import LATE, task
from ..gateway.test_holdup import told as held

TITLES = {"operator": "Operator", "xelion": "Xelion", "directory": "Telefoongids"}


def in_dutch(sentence: str | None) -> str:
    assert sentence is not None
    found = stalled.told(sentence, TITLES, lambda moment: f"{moment:%H:%M}")
    assert found is not None, sentence
    return found


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        (held(task("operator"), task("directory"), full="operator directory"),
         "Alle plaatsen bij Operator en Telefoongids zijn bezet"),
        (held(task("xelion")), "Nog niet klaar is wat Xelion moet doen"),
        (held(), "is nog niet aan de beurt geweest"),
        (held(fault=Fault("VaultError", LATE, LATE, is_sealed=True)), "gaat niet open sinds"),
        (standstill.HELD, "meer verzoeken om wissen beginnen dan gewoonlijk"),
    ],
)  # fmt: skip
def test_every_hold_up_has_a_dutch_sentence(sentence: str | None, says: str) -> None:
    assert says in in_dutch(sentence)


@pytest.mark.parametrize(("times", "says"), [(1, "één keer"), (3, "3 keer")])
def test_a_mistake_of_ours_is_told_with_how_often_and_since_when(times: int, says: str) -> None:
    said = in_dutch(held(fault=Fault("KeyError", LATE, LATE, times)))
    assert f"(KeyError) heeft het {says} tegengehouden sinds {LATE:%H:%M}" in said


def test_what_is_not_known_is_left_as_it_is() -> None:
    assert stalled.told("Something new.", TITLES, datetime.isoformat) is None

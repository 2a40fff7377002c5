"""One line an event, the same for all: no field that is not listed, nobody who can be found by it."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from avgate_gateway.logs import catalogue
from avgate_gateway.logs.catalogue import CONTEXT, EVENTS, HTTP_ANSWERED, REQUEST_POSTPONED
from avgate_gateway.logs.net import BLANK, blanked
from avgate_gateway.logs.rendering import formatter

from .test_metrics import House, house  # noqa: F401 -- a fixture
from .tokens import MARKER, token

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts/avgate_contracts", "gateway/avgate_gateway", "connectors")
ID = "1b4e28ba-2fa1-4c1d-883f-0016d3cca427"
_LEVELS = "debug|info|warning|error|exception|critical|log"


def rendered(name: str, said: str, **more: Any) -> dict[str, Any]:
    made = {"name": name, "msg": said, "levelname": "INFO", "levelno": 20, "created": 1.5, **more}
    found: dict[str, Any] = json.loads(formatter(json=True).format(logging.makeLogRecord(made)))
    return found


def sources() -> Iterator[str]:
    for folder in PACKAGES:
        for path in (ROOT / folder).rglob("*.py"):
            if not path.name.startswith("test_") and "/kit/" not in path.as_posix():
                yield path.read_text("utf-8")


def test_every_event_in_the_sources_is_in_the_catalogue() -> None:
    names = [event.name for event in EVENTS]
    assert len(names) == len(set(names))
    text = "\n".join(sources())
    by_hand = re.findall(rf"\b(?:_log|_logger|logging)\.(?:{_LEVELS})\(\s*([^,)]*)", text)
    assert {'"upstream.called"', '"upstream.not_called"', '"list.unreadable"'} == set(by_hand)
    assert {one.strip('"') for one in by_hand} <= set(names)
    made = set(re.findall(r"\b([A-Z_]+)\.tell\(", text))
    assert made == set(vars(catalogue)) & made
    told = {vars(catalogue)[one].name for one in made} | {one.strip('"') for one in by_hand}
    assert set(names) - told == {HTTP_ANSWERED.name, "http.probed"}  # told by a variable


def test_no_field_bears_a_name_that_pythons_logging_has_for_itself() -> None:
    taken = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
    assert not taken & {field for event in EVENTS for field in (*event.fields, *CONTEXT)}


def test_a_line_begins_with_its_event_and_bears_the_moment_in_utc() -> None:
    line = rendered("avgate.request", "request.cut_short", error="AwayError")
    assert list(line.items()) == [
        ("event", "request.cut_short"),
        ("timestamp", "1970-01-01T00:00:01.500Z"),
        ("level", "info"),
        ("logger", "avgate.request"),
        ("error", "AwayError"),
    ]


def test_a_line_tells_what_was_being_worked_on(lines: pytest.LogCaptureFixture) -> None:
    with bound_contextvars(request_id=ID, controller="libervoice", connector="xelion"):
        REQUEST_POSTPONED.tell()
        logging.getLogger("a.library").warning("slow")
    for text in lines.text.splitlines():
        line = json.loads(text)
        assert (line["request_id"], line["connector"]) == (ID, "xelion")


def test_a_field_that_is_not_of_the_event_is_left_out() -> None:
    line = rendered("avgate.request", "request.cut_short", subject="Jan Jansen", error="E")
    assert "Jansen" not in str(line)


def test_what_libraries_say_comes_the_same_way() -> None:
    line = rendered("uvicorn.error", "Started server process [%d]", args=(7,))
    assert (line["event"], line["level"]) == ("Started server process [7]", "info")


def test_an_exception_is_told_by_types_and_places_alone() -> None:
    with pytest.raises(KeyError) as raised:
        raise KeyError(MARKER)
    told = (raised.type, raised.value, raised.tb)
    line = rendered("a.library", "it broke", exc_info=told)
    assert (line["error"], "test_logs.py" in line["at"]) == ("KeyError", True)
    assert MARKER not in str(line)


def test_what_asyncio_shows_of_a_task_is_cut_off() -> None:
    said = f"Task exception was never retrieved\nfuture: <Task exception=KeyError('{MARKER}')>"
    assert rendered("asyncio", said)["event"] == "Task exception was never retrieved"


@pytest.mark.parametrize(
    "value",
    [
        "jan.jansen@example.org",
        "+31 20 123 45 67",
        "+31201234567",
        "0031201234567",
        "020-1234567",
        "0612345678",
        "31612345678",
        "NL91 ABNA 0417 1643 00",
        "nl91abna0417164300",
        "123456782",  # fits the proof of eleven
        31612345678,
        123456782,
    ],
)
def test_what_looks_like_a_persons_is_blanked(value: object) -> None:
    assert blanked(value) == BLANK
    assert blanked(f"of {value}, they said") == f"of {BLANK}, they said"
    line = rendered("a.library", "%s and more", args=(value,), about={"of": [value]})
    assert line["event"] == f"{BLANK} and more"
    assert line["about"] == {"of": [BLANK]}


@pytest.mark.parametrize(
    "value",
    [
        ID,
        "01234567-0612-3456-7802-061234567890",
        f"{ID}.12",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "at 2026-11-29T17:16:01+00:00 there were 1234567 entries",
        "engine.py:113 _work_on > advance.py:1045 _carry",
        "GET /v1/requests/{request_id}",
        "10.0.0.12:443",
        "123456789",  # does not fit
        "avgate 0.1.0.dev12",
        1_800_000_000.5,
        60_000,
        True,
    ],
)
def test_what_is_nobodys_stays(value: object) -> None:
    assert blanked(value) == value


async def test_a_call_is_told_by_its_pattern(
    house: House,  # noqa: F811 -- the fixture that is imported
    lines: pytest.LogCaptureFixture,
) -> None:
    lines.set_level(logging.INFO, "avgate")
    held = {"authorization": f"Bearer {token({'controller': 'a', 'scope': 'requests:read'})}"}
    await house.http.get(f"/v1/requests/{ID}?of={MARKER}", headers=held)
    await house.http.get(f"/v1/requests/{MARKER}", headers=held)
    await house.http.get(f"/{MARKER}")
    await house.http.get("/health/live")
    told = [json.loads(line) for line in lines.text.splitlines() if HTTP_ANSWERED.name in line]
    assert [(one.get("route"), one["status"], one.get("request_id")) for one in told] == [
        ("/v1/requests/{request_id}", 404, ID),
        ("/v1/requests/{request_id}", 404, None),
        (None, 404, None),
    ]
    assert (told[0]["client"], told[0]["controller"]) == ("crm", "a")
    assert told[0]["duration_ms"] > 0
    assert MARKER not in lines.text


@pytest.mark.parametrize(
    ("arguments", "looks"),
    [
        ("", r'{"event":"worker\.lapsed","timestamp":"2'),
        ("form=LogFormat.TEXT", r"20.*worker\.lapsed"),
    ],
)
def test_lines_go_to_standard_error_alone_and_as_json_where_that_is_no_terminal(
    arguments: str, looks: str
) -> None:
    asked = (
        "import logging; from avgate_gateway.cli.logs import LogFormat, configure; "
        "from avgate_gateway.logs.catalogue import WORKER_LAPSED; "
        f"configure({arguments}); WORKER_LAPSED.tell(worker='w'); "
        "logging.getLogger('httpx').info('HTTP Request: GET https://upstream.example/31612345678')"
    )
    told = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert told.stdout == ""
    [line] = told.stderr.splitlines()
    assert re.match(looks, line)

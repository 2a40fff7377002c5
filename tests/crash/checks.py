"""What must be true of every run, whatever died in it: seen from outside, by the mocks' ledgers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..flow.harness import JsonMap
from ..flow.telling import staying
from .house import Holds, House

_ITEM_EFFECTS = frozenset({"delete", "anonymise", "delist"})
_BAD_ENDS = frozenset({"failed", "unknown", "pending", "approved"})
_LEFT_BEHIND = frozenset(
    {"avgate-token.jwk", "avgate.db", "avgate.db.lock", "avgate.key",
     "avgate.db-wal", "avgate.db-shm",
     "avgate.toml", "cli.log", "serve.log", "control", "trace", "writes"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Truth:
    """How a run came out: the same for every run of an operation, whatever died in it."""

    effects: Counter[tuple[str, ...]]
    report: Counter[tuple[Any, ...]]
    holds: Holds = field(repr=False)
    ends: tuple[tuple[str, str | None], ...]


async def truth(here: House) -> Truth:
    """What took effect where, what the reports say, and what everybody holds."""
    effects: Counter[tuple[str, ...]] = Counter()
    for name in here.addresses:
        for one in await here.ledger(name):
            if one["kind"] not in {"session", "login", "token"}:
                is_new = one["kind"] in {"order", "create"}
                path = "" if is_new else one["path"]
                effects[name, one["kind"], str(one["subject"]), path] += 1
    report: Counter[tuple[Any, ...]] = Counter()
    ends = []
    for request_id, body in here.bodies.items():
        shown = await here.request(request_id)
        ends.append((shown["state"], shown["waiting_for"]))
        for line in await here.report(request_id):
            place = body["operation"], line["connector"], line["category"], line["product"]
            report[*place, line["outcome"], line["reason"], line["until"]] += line["count"] or 0
    return Truth(effects, report, await here.holds(), tuple(ends))


async def check(here: House) -> Truth:
    """Raises AssertionError where something is lost, doubled, or done to somebody else."""
    await _one_id_for_one_key(here)
    found = await truth(here)
    for request_id, body in here.bodies.items():
        await _ended(here, request_id)
        await _report_is_true(here, request_id, body, found)
        await _intended_before(here, request_id)
    _nobody_else(here, found)
    _nothing_twice(found)
    assert here.cli("audit", "verify") == 0, "the chain of evidence is broken"
    log = here.log()
    if not here.disk_failed:
        assert "Traceback" not in log, "a trace in the log: " + log[log.index("Traceback") :][:1500]
    assert "request.postponed" not in log, "the flow tripped: " + _lines(
        log, "problem", "postponed"
    )
    unknown = {path.name for path in here.folder.iterdir()} - _LEFT_BEHIND
    assert not unknown, f"left behind: {unknown}"
    temporary = list(here.lane.temporary.iterdir())
    assert not temporary, f"left behind: {temporary}"
    assert here.slowest_start < 4, f"{here.slowest_start:.1f} s of work before it is ready"
    return found


async def check_like(here: House, expected: Truth) -> Truth:
    """As `check`; and it came out as it does when nothing dies."""
    found = await check(here)
    _same("ends", Counter(found.ends), Counter(expected.ends))
    _same("effects", found.effects, expected.effects)
    _same("report", found.report, expected.report)
    assert found.holds == expected.holds, "upstreams hold something else than without a death"
    return found


def _same(what: str, found: Counter[Any], expected: Counter[Any]) -> None:
    missing, added = expected - found, found - expected
    assert not missing, f"{what}: lost {dict(missing)}, instead {dict(added)}"
    assert not added, f"{what}: too much {dict(added)}"


async def _one_id_for_one_key(here: House) -> None:
    for key, ids in here.acks.items():
        assert len(ids) == 1, f"key {key} made {len(ids)} requests"
    listed = (await here.get("/v1/requests?limit=200"))["items"]
    known = {one["id"] for one in listed}
    answered = {request_id for ids in here.acks.values() for request_id in ids}
    assert answered <= known, f"answered and not there: {answered - known}"
    assert len(known) == len(here.acks), f"{len(known)} requests of {len(here.acks)} keys"


async def _ended(here: House, request_id: str) -> None:
    shown = await here.request(request_id)
    if shown["state"] == "closed":
        return
    assert shown["waiting_for"] == "person", f"open: {shown['state']} {shown['waiting_for']}"
    listed = (await here.get("/v1/tasks?state=open&limit=200"))["items"]
    mine = [task for task in listed if task["request_id"] == request_id]
    assert mine, "it waits for a person, and nobody is asked"
    assert all(task["reason"] for task in mine), "a task without a reason"


async def _report_is_true(here: House, request_id: str, body: JsonMap, found: Truth) -> None:
    person = _person(here, body)
    report = await here.report(request_id)
    words = {line["outcome"] for line in report}
    assert not words & _BAD_ENDS, f"not settled: {words & _BAD_ENDS}"
    shown = await here.request(request_id)
    own = {name: sum(n for (c, _, s, _), n in found.effects.items() if (c, s) == (name, person))
           for name in here.addresses}  # fmt: skip
    for name in here.addresses:
        held, before = found.holds[name][person], here.before[name][person]
        if body["operation"] == "erase" and shown.get("closing") is None:
            if name in {part["connector"] for part in shown["connectors"]}:
                stays = staying(report, name)
                assert held == stays, f"{name} holds {held}, and the report says {stays}"
        else:
            assert held == before, f"{name}: {body['operation']} changed what is held"
        if body["operation"] in {"access", "export"} or shown.get("closing") is not None:
            assert not own[name], f"{name}: {body['operation']} had {own[name]} effects"


def _person(here: House, body: JsonMap) -> str:
    given = body["subject"]["identifiers"]
    return next(
        one.id for one in here.world.people if [i.as_json() for i in one.identifiers()] == given
    )


async def _intended_before(here: House, request_id: str) -> None:
    """Every effect has an intention in evidence that was written before it."""
    person = _person(here, here.bodies[request_id])
    entries = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
    for name in here.addresses:
        effects = [one for one in await here.ledger(name) if one["subject"] == person]
        ours = [one for one in effects if one["method"]]
        intended = [
            (datetime.fromisoformat(entry["at"]), int(entry["details"]["items"]))
            for entry in entries
            if entry["event"] == "effect.intended" and entry["details"]["connector"] == name
        ]
        if ours:
            first = min(datetime.fromisoformat(one["at"]) for one in ours)
            assert intended, f"{name}: effects that nobody intended"
            if here.clocks_agree:
                early = min(at for at, _ in intended) > first
                assert not early, f"{name}: done before it was intended"
        items = {one["path"] for one in ours if one["kind"] in _ITEM_EFFECTS}
        assert len(items) <= sum(n for _, n in intended), f"{name}: more effects than intentions"


def _nobody_else(here: House, found: Truth) -> None:
    asked = {_person(here, body) for body in here.bodies.values()}
    for name, people in found.holds.items():
        for person, held in people.items():
            if person not in asked:
                assert held == here.before[name][person], f"{name}: {person} was not asked about"
    strangers = {
        effect for effect in found.effects if effect[2] not in {*asked, "None"} and effect[3]
    }
    assert not strangers, f"effects on somebody else: {strangers}"


def _nothing_twice(found: Truth) -> None:
    twice = [e for e, times in found.effects.items() if e[1] in _ITEM_EFFECTS and times > 1]
    assert not twice, f"done twice: {twice}"


def _lines(log: str, *words: str) -> str:
    return "\n".join(line for line in log.splitlines() if any(w in line for w in words))[:1500]

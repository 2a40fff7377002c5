"""What must be true of every run, whatever died in it: seen from outside, by the mocks' ledgers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..flow.harness import JsonMap
from ..flow.mistaken import mistakes
from ..flow.telling import staying
from .house import Holds, House
from .wrong import Kind, hold

_ITEM_EFFECTS = frozenset({"delete", "anonymise", "delist"})
_ORDERS = frozenset({"order", "create"})  # something new, at an address of its own
_LOGGING_IN = frozenset({"session", "login", "token"})
_CHANGING = frozenset({"erase", "rectify"})
_BAD_ENDS = frozenset({"failed", "unknown", "pending", "approved"})
_SLOW_START = 4.0  # seconds of processor time until it is ready
_LEFT_BEHIND = frozenset(
    {"avgate-token.jwk", "avgate-evidence.pem", "avgate-checkpoints.txt", "avgate.db", "avgate.db.lock", "avgate.key", "avgate.db.key",
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
    # By connector and person, the effects that calls of ours had: one of ours leads to what others do.
    ours: dict[str, list[JsonMap]] = field(repr=False)


async def truth(here: House) -> Truth:
    """What took effect where, what the reports say, and what everybody holds."""
    effects: Counter[tuple[str, ...]] = Counter()
    ours: dict[str, list[JsonMap]] = {}
    for name in here.addresses:
        told = [one for one in await here.ledger(name) if one["kind"] not in _LOGGING_IN]
        ours[name] = [one for one in told if one["method"]]
        for one in told:
            path = "" if one["kind"] in _ORDERS else one["path"]
            effects[name, one["kind"], str(one["subject"]), path] += 1
    report: Counter[tuple[Any, ...]] = Counter()
    ends = []
    for request_id, body in here.bodies.items():
        shown = await here.request(request_id)
        ends.append((shown["state"], shown["waiting_for"]))
        for line in await here.report(request_id):
            place = body["operation"], line["connector"], line["category"], line["product"]
            report[*place, line["outcome"], line["reason"], line["until"]] += line["count"] or 0
    return Truth(effects, report, await here.holds(), tuple(ends), ours)


async def check(here: House) -> Truth:
    """Raises WrongError where something is lost, doubled, or done to somebody else."""
    await _one_id_for_one_key(here)
    found = await truth(here)
    for request_id, body in here.bodies.items():
        await _ended(here, request_id)
        await _report_is_true(here, request_id, body, found)
        await _intended_before(here, request_id, found)
    _nobody_else(here, found)
    _nothing_twice(here, found)
    hold(here.cli("audit", "verify") == 0, Kind.EVIDENCE, "the chain of evidence is broken")
    _is_tidy(here)
    return found


async def check_like(here: House, expected: Truth) -> Truth:
    """As `check`; and it came out as it does when nothing dies."""
    found = await check(here)
    _same("ends", Counter(found.ends), Counter(expected.ends))
    _same("effects", found.effects, expected.effects)
    _same("report", found.report, expected.report)
    same = found.holds == expected.holds
    hold(same, Kind.UNTRUE, "upstreams hold something else than without a death")
    return found


def _same(what: str, found: Counter[Any], expected: Counter[Any]) -> None:
    missing, added = expected - found, found - expected
    hold(not missing, Kind.LOST, f"{what}: lost {dict(missing)}, instead {dict(added)}")
    hold(not added, Kind.DOUBLED, f"{what}: too much {dict(added)}")


async def _one_id_for_one_key(here: House) -> None:
    for key, ids in here.acks.items():
        hold(len(ids) == 1, Kind.DOUBLED, f"key {key} made {len(ids)} requests")
    listed = (await here.get("/v1/requests?limit=200"))["items"]
    known = {one["id"] for one in listed}
    answered = {request_id for ids in here.acks.values() for request_id in ids}
    hold(answered <= known, Kind.LOST, f"answered and not there: {answered - known}")
    number = f"{len(known)} requests of {len(here.acks)} keys"
    hold(len(known) == len(here.acks), Kind.DOUBLED, number)


async def _ended(here: House, request_id: str) -> None:
    shown = await here.request(request_id)
    if shown["state"] == "closed":
        return
    open_ = f"open: {shown['state']} {shown['waiting_for']}"
    hold(shown["waiting_for"] == "person", Kind.LOST, open_)
    listed = (await here.get("/v1/tasks?state=open&limit=200"))["items"]
    mine = [task for task in listed if task["request_id"] == request_id]
    hold(mine, Kind.LOST, "it waits for a person, and nobody is asked")
    hold(all(task["reason"] for task in mine), Kind.UNTRUE, "a task without a reason")


async def _report_is_true(here: House, request_id: str, body: JsonMap, found: Truth) -> None:
    person = _person(here, body)
    report = await here.report(request_id)
    names = ("connector", "outcome", "reason")
    open_ = [[line[name] for name in names] for line in report if line["outcome"] in _BAD_ENDS]
    hold(not open_, Kind.LOST, f"not settled: {open_}")
    shown = await here.request(request_id)
    is_cancelled = shown.get("closing") is not None
    own = {name: sum(n for (c, _, s, _), n in found.effects.items() if (c, s) == (name, person))
           for name in here.addresses}  # fmt: skip
    for name in here.addresses:
        held, before = found.holds[name][person], here.before[name][person]
        if body["operation"] == "erase" and not is_cancelled:
            if name in {part["connector"] for part in shown["connectors"]}:
                stays = staying(report, name)
                told = f"{name} holds {held}, and the report says {stays}"
                hold(held == stays, Kind.UNTRUE, told)
        else:
            changed = f"{name}: {body['operation']} changed what is held"
            hold(held == before, Kind.UNINTENDED, changed)
        if body["operation"] not in _CHANGING or is_cancelled:
            had = f"{name}: {body['operation']} had {own[name]} effects"
            hold(not own[name], Kind.UNINTENDED, had)


def _person(here: House, body: JsonMap) -> str:
    given = body["subject"]["identifiers"]
    return next(
        one.id for one in here.world.people if [i.as_json() for i in one.identifiers()] == given
    )


async def _intended_before(here: House, request_id: str, found: Truth) -> None:
    """Every effect has an intention in evidence that was written before it."""
    person = _person(here, here.bodies[request_id])
    entries = (await here.get(f"/v1/requests/{request_id}/evidence"))["items"]
    for name in here.addresses:
        ours = [one for one in found.ours[name] if one["subject"] == person]
        intended = [
            (datetime.fromisoformat(entry["at"]), int(entry["details"]["items"]))
            for entry in entries
            if entry["event"] == "effect.intended" and entry["details"]["connector"] == name
        ]
        if ours:
            first = min(datetime.fromisoformat(one["at"]) for one in ours)
            hold(intended, Kind.UNINTENDED, f"{name}: effects that nobody intended")
            if here.clocks_agree:
                early = min(at for at, _ in intended) > first
                hold(not early, Kind.UNINTENDED, f"{name}: done before it was intended")
        items = {one["path"] for one in ours if one["kind"] in _ITEM_EFFECTS}
        more = f"{name}: more effects than intentions"
        hold(len(items) <= sum(n for _, n in intended), Kind.UNINTENDED, more)


def _nobody_else(here: House, found: Truth) -> None:
    asked = {_person(here, body) for body in here.bodies.values()}
    for name, people in found.holds.items():
        for person, held in people.items():
            unasked = f"{name}: {person} was not asked about"
            same = person in asked or held == here.before[name][person]
            hold(same, Kind.WRONG_PERSON, unasked)
    strangers = [
        (name, one["kind"], one["subject"])
        for name, ours in found.ours.items()
        for one in ours
        if one["subject"] not in {*asked, None}
    ]
    hold(not strangers, Kind.WRONG_PERSON, f"effects on somebody else: {strangers}")


def _nothing_twice(here: House, found: Truth) -> None:
    """No item went twice, and nothing was ordered more often than there is something to order."""
    twice = [e for e, times in found.effects.items() if e[1] in _ITEM_EFFECTS and times > 1]
    hold(not twice, Kind.DOUBLED, f"done twice: {twice}")
    bodies = here.bodies.values()
    about = Counter(_person(here, body) for body in bodies if body["operation"] in _CHANGING)
    ordered = Counter(
        (name, one["path"], one["subject"])
        for name, ours in found.ours.items()
        for one in ours
        if one["kind"] in _ORDERS
    )
    for (name, path, person), times in ordered.items():
        # One order for each listing, and for each that came back; one at each processor.
        own = next((len(one.lines) for one in here.world.people if one.id == person), 1)
        back = found.effects[name, "relist", person, ""]
        most = own * about[person] + back if name == "directory" else about[person]
        hold(times <= most, Kind.DOUBLED, f"{name}: {times} orders at {path}, and not {most}")


def _is_tidy(here: House) -> None:
    log = here.log()
    told = "\n".join(mistakes(log))[:1500]
    hold("request.postponed" not in log, Kind.UNTIDY, f"the flow tripped: {told}")
    hold(here.disk_failed or not told, Kind.UNTIDY, f"a mistake in the log: {told}")
    unknown = {path.name for path in here.folder.iterdir()} - _LEFT_BEHIND
    hold(not unknown, Kind.UNTIDY, f"left behind: {unknown}")
    temporary = list(here.lane.temporary.iterdir())
    hold(not temporary, Kind.UNTIDY, f"left behind: {temporary}")
    slow = f"{here.slowest_start:.1f} s of work before it is ready"
    hold(here.slowest_start < _SLOW_START, Kind.UNTIDY, slow)

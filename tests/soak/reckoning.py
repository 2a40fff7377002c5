"""What has to be true once all troubles are over: of each request, of each person, and of the evidence."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.flow.fleet import Fleet
from tests.flow.harness import Caller, JsonMap
from tests.flow.telling import staying

from avgate_mocks.people import UPSTREAMS, Person

from .asking import Asked

Held = Mapping[str, Mapping[str, Mapping[str, int]]]  # by upstream and person, by category
_SETTLES_WITHIN = 600.0
_RETRIES_EVERY = 20.0
_OPEN = frozenset({"pending"})
_MAYBE = frozenset({"failed", "unknown"})  # a person has to look: it may be done after all


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Compares what was promised and said with what is held now."""

    fleet: Fleet
    caller: Caller
    before: Held

    def settled(self, asked: Sequence[Asked]) -> float:
        """Tries again what gave up meanwhile, as staff would; the seconds until nothing was under way."""
        ids, begun, tried = [one.request_id for one in asked], time.monotonic(), 0.0
        while self.fleet.unfinished(ids) or self._gave_up(ids):
            now = time.monotonic()
            if now - begun > _SETTLES_WITHIN:
                break
            if now - tried > _RETRIES_EVERY:
                tried = now
                for one in {*self._gave_up(ids), *self._waits(ids)}:
                    self.caller.post(f"/v1/requests/{one}/retry", {})
            time.sleep(1)
        return time.monotonic() - begun

    def wrong(self, asked: Sequence[Asked], untouched: Collection[Person]) -> Iterator[str]:
        """A sentence for each thing that is not so."""
        now = self.fleet.mocks.truth()
        erased = {one.person.id for one in asked if one.operation == "erase"}
        for one in asked:
            shown, report = self.caller.request(one.request_id), self.caller.report(one.request_id)
            yield from self._of_request(one, shown, report, now)
        copied = [one.person for one in asked if one.person.id not in erased]
        for person in (*copied, *untouched):
            if self._held(person, now) != self._held(person, self.before):
                yield f"{person.id}: something changed, and nobody asked for that"

    def _of_request(
        self, one: Asked, shown: JsonMap, report: list[JsonMap], now: Held
    ) -> Iterator[str]:
        if twice := self.fleet.mocks.twice(one.person.id):
            yield f"{one.request_id}: done twice: {twice}"
        if shown["state"] != "closed" and shown["waiting_for"] != "person":
            yield f"{one.request_id}: not at its end: {shown['state']}, {shown['waiting_for']}"
        elif _OPEN & {line["outcome"] for line in report}:
            yield f"{one.request_id}: at its end with {_OPEN & {line['outcome'] for line in report}}"
        if one.operation != "erase":
            return
        for name in UPSTREAMS:
            lines = [line for line in report if line["connector"] == name]
            if not lines:  # it was not asked
                least = most = self.before[name].get(one.person.id, {})
            else:
                most = staying(lines, name)
                least = staying([x for x in lines if x["outcome"] not in _MAYBE], name)
            held = now[name].get(one.person.id, {})
            if not _is_within(held, least, most):
                yield f"{one.request_id}: {name} holds {held}, and is said to hold {[*map(_short, lines)]}"

    def _held(self, person: Person, held: Held) -> list[object]:
        return [held[name].get(person.id) for name in UPSTREAMS]

    def _gave_up(self, ids: Sequence[str]) -> list[str]:
        return self._ids("stage = 'stuck'", ids)

    def _waits(self, ids: Sequence[str]) -> list[str]:
        """Those whose next try is minutes away."""
        return self._ids("next_attempt_at > (extract(epoch from now()) + 20) * 1000000", ids)

    def _ids(self, condition: str, ids: Sequence[str]) -> list[str]:
        found = self.fleet.ask(
            f"SELECT DISTINCT request_id FROM task WHERE {condition} AND request_id = ANY(%s)",  # noqa: S608 -- ours
            list(ids),
        )
        return [str(one) for (one,) in found]


def _is_within(held: Mapping[str, int], least: Mapping[str, int], most: Mapping[str, int]) -> bool:
    return all(
        least.get(name, 0) <= held.get(name, 0) <= most.get(name, 0) for name in {*held, *most}
    )


def _short(line: JsonMap) -> tuple[object, ...]:
    return tuple(line[name] for name in ("category", "count", "outcome", "reason"))

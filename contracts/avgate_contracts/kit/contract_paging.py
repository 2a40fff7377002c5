"""Level 2, behaviour: a list is read to its end, or not believed."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from avgate_contracts.connector import SupportsAccess
from avgate_contracts.kit.bench import bench_of
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import NOT_FOUND, Fault, status
from avgate_contracts.kit.fault_transport import Asked
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.shown import essence
from avgate_contracts.kit.spelling import spellings
from avgate_contracts.kit.spread import spread
from avgate_contracts.kit.verdict import expect, some

_ENDINGS: dict[str, Fault] = {"404": NOT_FOUND, "400": status(400, means=())}


class PagingLaws(Declared):
    """What holds where an upstream hands out lists in parts."""

    @law(2, SupportsAccess, cases=tuple(_ENDINGS))
    async def test_a_page_that_fails_is_not_the_end(self, case: str) -> None:
        bench, wrong = bench_of(type(self)), []
        happy = await bench.happy("access")
        expected = essence(happy.step("access").findings)
        whose = [one.value for one in bench.cast.subject.identifiers]
        for target in spread(continuations(happy, whose)):

            def plan(asked: Asked, target: str = target) -> Fault | None:
                return _ENDINGS[case] if asked.target == target else None

            run = await bench.rehearse("access", plan)
            if run.error is None and essence(run.step("access").findings) != expected:
                wrong.append(f"takes a {case} on a further page for the end of the list")
        expect(
            not wrong,
            "a page that cannot be had makes access fail: what is missing may be the subject's",
            some(wrong),
            "let the error of http.send() through; end a list only where the upstream says it ends",
        )


def continuations(run: Run, identifiers: list[str]) -> list[str]:
    """The targets of further pages: a list asked for again, from another place.

    The same path with other parameters, of which none that differs is an identifier.
    """
    whose = {spelling for value in identifiers for spelling in spellings(value)}
    before: dict[str, list[dict[str, str]]] = {}
    found = []
    for asked in run.asked:
        parts = urlsplit(asked.target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if asked.method != "GET" or asked.is_token:
            continue
        earlier = before.setdefault(parts.path, [])
        if any(_goes_on(one, query, whose) for one in earlier):
            found.append(asked.target)
        earlier.append(query)
    return list(dict.fromkeys(found))


def _goes_on(first: dict[str, str], query: dict[str, str], whose: set[str]) -> bool:
    differing = {
        value
        for name in first.keys() | query.keys()
        if first.get(name) != query.get(name)
        for value in (first.get(name), query.get(name))
        if value
    }
    return bool(differing) and not differing & whose and first.keys() <= query.keys()

"""Level 2, behaviour: what is handed out is what the upstream said, whole and of the right days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from avgate_contracts.connector import SupportsAccess, SupportsErase
from avgate_contracts.identifier import Identifier
from avgate_contracts.kit.bench import Bench, bench_of
from avgate_contracts.kit.body import parsed
from avgate_contracts.kit.contract_writes import Writing
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault_transport import Asked
from avgate_contracts.kit.law import law
from avgate_contracts.kit.shown import refs, values
from avgate_contracts.kit.spelling import spellings
from avgate_contracts.kit.story import FILES
from avgate_contracts.kit.tape import Interaction
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.outcome import Pending
from avgate_contracts.record import Record
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Field, IdentifierKind

_SAME = {Field.EMAIL: IdentifierKind.EMAIL, Field.PHONE: IdentifierKind.PHONE}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SMALL = 4  # members of an object in which a day that stands beside a value is a day of that value
_SAMPLES = {
    IdentifierKind.PHONE: "+31612345670",
    IdentifierKind.EMAIL: "kit.only@example.org",
    IdentifierKind.CUSTOMER_ID: "C-400700",
    IdentifierKind.XELION_ID: "7700117",
    IdentifierKind.ICCID: "8931440000000000178",
    IdentifierKind.IMSI: "204040000000017",
    IdentifierKind.IP: "192.0.2.77",
    IdentifierKind.NAME_ADDRESS: "F. Bakker, Lindelaan 7, Utrecht",
}
_LATER = timedelta(days=3650)
_TEXT = ("json", "xml")


class ContentLaws(Declared):
    """What holds of every record."""

    @law(2, SupportsAccess)
    async def test_a_record_shows_what_it_is_about(self) -> None:
        bench, wrong = bench_of(type(self)), list[str]()
        said = {v for one in bench.tape("access").interactions for v in values(parsed(one.body))}
        for record in (await bench.happy("access")).step("access").records:
            kind = record.item.category.value
            wrong += [] if record.data else [f"a {kind} without data"]
            wrong += [f"a {kind} that lacks a value of {name}" for name in _left_out(record)]
            if any(_is_cut_off(value, said) for value in values(dict(record.data))):
                wrong.append(f"a {kind} with a value that is cut off")
        expect(
            not wrong,
            "Record.data has what the upstream holds, and Record.fields every value of a field",
            f"yields {some(wrong)}",
            "hand on what the upstream said: the person has a right to a copy of all of it",
        )

    @law(2, SupportsAccess)
    async def test_files_come_whole(self) -> None:
        bench = bench_of(type(self))
        story = bench.cast.reads_files_in
        run = await bench.happy(story)
        fetched = [a.target for a in run.asked if a.step == f"{story}{FILES}" and a.end == 200]
        whole = sum(_size(bench, story, target) for target in fetched)
        expect(
            run.step(story).files >= whole,
            "an attachment hands on all that the upstream sent",
            f"hands on {run.step(story).files} of {whole} bytes",
            "yield every chunk of http.stream()",
        )

    @law(2, SupportsAccess)
    async def test_it_looks_by_the_kinds_that_the_manifest_names(self) -> None:
        bench = bench_of(type(self))
        named, happy = bench.cast.connector.manifest.finds_by, await bench.happy("access")
        wrong = [
            f"asks for a {one.kind.value}, which is not in manifest.finds_by"
            for one in bench.cast.subject.identifiers
            if one.kind not in named and _is_asked(one.value, happy.asked)
        ]
        expect(
            not wrong,
            "manifest.finds_by names all kinds of identifiers that people are looked for by",
            some(wrong),
            "add the kind: the gateway asks nobody for what no manifest names",
        )

    @law(2, SupportsAccess)
    async def test_every_kind_that_the_manifest_names_leads_somewhere(self) -> None:
        bench, wrong = bench_of(type(self)), list[str]()
        for kind in sorted(bench.cast.connector.manifest.finds_by):
            only = DataSubject("kit-only", (Identifier.of(kind, _SAMPLES[kind]),))
            run = await bench.rehearse("access", cast=replace(bench.cast, subject=only))
            looked = [asked for asked in run.asked if not asked.is_token]
            if run.error is None and not looked and not run.step("access").findings:
                wrong.append(f"looks nowhere for somebody who is known by {kind.value} only")
        expect(
            not wrong,
            "somebody of whom one kind in manifest.finds_by is known is looked for, or is an Unseen",
            some(wrong),
            "look by it, yield sdk.Unseen, or take it out of finds_by: nobody looked is not nothing held",
        )

    @law(2, SupportsAccess)
    async def test_capitals_in_an_address_make_nobody_else(self) -> None:
        bench = bench_of(type(self))
        before = refs((await bench.happy("access")).step("access").findings)
        emails = [i.value for i in bench.cast.subject.of_kind(IdentifierKind.EMAIL)]
        run = await bench.rehearse("access", tape=_in_capitals(bench, emails))
        lost = set() if run.error else set(before) - set(refs(run.step("access").findings))
        expect(
            not lost,
            "an upstream that spells an e-mail address with capitals means the same person",
            f"leaves out {len(lost)} of {len(before)} items",
            "compare sdk.Identifier.of(...) with sdk.Identifier.of(...), never text with text",
        )

    @law(2, SupportsAccess)
    async def test_days_beside_an_identifier_are_its_own(self) -> None:
        bench, wrong = bench_of(type(self)), set[str]()
        if not type(self).dated:
            return  # the upstream says no days of which anybody knows what they mean
        found = (await bench.happy("access")).step("access").records
        known: dict[str, set[str]] = {}
        for one in (each for record in found for each in record.identifiers):
            days = {str(day) for day in (one.valid_from, one.valid_until) if day}
            for spelt in spellings(one.value):
                known.setdefault(spelt, set()).update(days)
        for call in bench.tape("access").interactions:
            for spelt, days in _dated(parsed(call.body), known):
                wrong |= {"a number or address without them"} if days - known[spelt] else set()
        expect(
            not wrong,
            "the days that an upstream says of a number or address are given with it",
            f"gives {some(wrong)}",
            "Identifier.of(kind, value, valid_from, valid_until): it may have been handed on",
        )

    @law(2, SupportsAccess, SupportsErase)
    async def test_time_is_asked_of_the_client(self) -> None:
        bench = bench_of(type(self))
        writing = Writing(bench, "erase")
        await writing.happy()
        begin = (bench.suite.now or bench.tape("erase").meta.recorded_at) + _LATER
        run = await bench.rehearse("erase", script=writing.all_of, begin=begin)
        outcomes = [] if run.error else run.step(writing.step).by_ref.values()
        past = [o for o in outcomes if isinstance(o, Pending) and o.look_again_at <= begin]
        expect(
            not past,
            "ten years later, Pending says a moment that is ten years later too",
            f"says one that has passed, {len(past)} times",
            "count from http.now(); the machine's clock cannot be set by a test",
        )


def _left_out(record: Record) -> Iterator[str]:
    for name, kind in _SAME.items():
        if name not in record.fields:
            continue
        shown = {value.casefold() for value in record.fields[name]}
        for one in record.identifiers:
            spelt = {each.casefold() for each in spellings(one.value)}
            if one.kind is kind and not spelt & shown and kind is IdentifierKind.EMAIL:
                yield name.value


def _is_cut_off(value: str, said: Iterable[str]) -> bool:
    """Whether it ends in the middle of a word that the upstream wrote out."""
    if len(value) < 2 or not value[-1].isalpha() or value in said:
        return False
    words = [word for each in said for word in each.split()]
    return value not in words and any(
        each.startswith(value) and each[len(value)].isalpha() for each in said if each != value
    )


def _size(bench: Bench, story: str, target: str) -> int:
    for one in bench.tape(story).interactions:
        kind = one.headers.get("content-type", "")
        if one.url.endswith(target) and one.status == 200 and not any(t in kind for t in _TEXT):
            return len(one.body)
    return 0


def _in_capitals(bench: Bench, emails: Iterable[str]) -> list[Interaction]:
    tape = list(bench.tape("access").interactions)
    for email in emails:
        name, at, host = email.rpartition("@")
        other = f"{name.title()}{at}{host}".encode()
        tape = [replace(one, body=one.body.replace(email.encode(), other)) for one in tape]
    return tape


def _dated(data: Any, known: dict[str, set[str]]) -> Iterator[tuple[str, set[str]]]:
    """Each identifier in a small object of its own, and the days that stand beside it there."""
    if isinstance(data, list):
        for each in data:
            yield from _dated(each, known)
    elif isinstance(data, dict):
        leaves = [each for each in data.values() if isinstance(each, str)]
        days = {match[0] for each in leaves if (match := _DAY.match(each))}
        if len(data) <= _SMALL:
            yield from ((each, days) for each in leaves if each in known)
        for each in data.values():
            yield from _dated(each, known)


def _is_asked(value: str, asked: Iterable[Asked]) -> bool:
    spelt = spellings(value)
    return any(
        any(each in one.target or each.encode() in one.body for each in spelt) for one in asked
    )

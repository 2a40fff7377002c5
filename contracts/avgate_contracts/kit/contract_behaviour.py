"""Level 2, behaviour: the stories play as recorded, and what is found is what is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from avgate_contracts.connector import SupportsAccess, SupportsExport
from avgate_contracts.identifier import Identifier
from avgate_contracts.kit.bench import MISS, bench_of, told
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.law import law
from avgate_contracts.kit.shown import places, refs
from avgate_contracts.kit.spelling import appears
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.record import Record
from avgate_contracts.subject import DataSubject
from avgate_contracts.vocabulary import Category, Product

# Whatever the upstream: the rows of the retention matrix that are of no product group.
_PRODUCTS = {
    Category.CONTACT: Product.GENERAL,
    Category.FINANCIAL: Product.GENERAL,
    Category.DIRECTORY_LISTING: Product.DIRECTORY,
}
_LONG_AGO = (date(1970, 1, 1), date(1971, 1, 1))


class BehaviourLaws(Declared):
    """What each story of reading has to come to."""

    @law(2)
    async def test_every_story_plays_as_it_was_recorded(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for story in bench.stories:
            run = await bench.replay(story)
            if run.error is not None:
                wrong.append(f"in {story!r}, at {run.transport.step!r}: {told(run.error)}")
        expect(not wrong, "every story plays as it was recorded", some(wrong), MISS)

    @law(2)
    async def test_every_recorded_call_is_made(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for story in bench.stories:
            await bench.happy(story)
            wrong += [f"leaves out a {one.method} in {story!r}" for one in bench.unused[story]]
        expect(
            not wrong,
            "every call that was recorded is made again",
            some(wrong),
            "look for pages that are not fetched, or results that are not looked up; " + MISS,
        )

    @law(2, SupportsAccess)
    async def test_access_finds_the_subject(self) -> None:
        bench = bench_of(type(self))
        records = (await bench.happy("access")).step("access").records
        subject = bench.cast.subject
        theirs = [record for record in records if subject.known_by(record.identifiers)]
        expect(
            bool(theirs),
            "access yields records with identifiers that are the subject's",
            f"yields {len(records)} records, none of which names the subject",
            "give Record.identifiers what the upstream has for the person; record with a subject "
            "who is known there",
        )

    @law(2, SupportsAccess)
    async def test_every_item_is_named_once_and_is_of_a_kind_the_manifest_names(self) -> None:
        bench, wrong = bench_of(type(self)), []
        manifest = bench.cast.connector.manifest
        for record in (found := (await bench.happy("access")).step("access").records):
            if not record.item.ref:
                wrong.append("an item without a ref")
            if record.item.category not in manifest.holds:
                wrong.append(f"a {record.item.category.value}, which is not in manifest.holds")
            product = _PRODUCTS.get(record.item.category, record.item.product)
            if record.item.product is not product:
                wrong.append(f"a {record.item.category.value} whose product is not {product.value}")
            way = manifest.erases.get(record.item.category)
            if way is not None and record.item.erasure is not way:
                wrong.append(f"a {record.item.category.value} erased otherwise than it manifests")
        if len(set(refs(found))) != len(refs(found)):
            wrong.append("two items under one ref")
        expect(
            not wrong,
            "each item has a ref of its own, a category the manifest holds, its product and erasure",
            f"yields {some(wrong)}",
            "correct the ItemRef or the manifest",
        )

    @law(2, SupportsAccess)
    async def test_identifiers_are_those_the_upstream_gave(self) -> None:
        bench = bench_of(type(self))
        run = await bench.happy("access")
        bodies = [one.body for one in bench.tape("access").interactions]
        borrowed = [
            f"a {one.kind.value} on a {record.item.category.value}"
            for record in run.step("access").records
            for one in record.identifiers
            if not appears(one.value, bodies)
        ]
        expect(
            not borrowed,
            "Record.identifiers are what the upstream's answer says, whoever was asked for",
            f"gives {some(borrowed)}, which is in no answer",
            "read it from the answer; never copy it from the subject: the gateway compares the two",
        )

    @law(2, SupportsAccess)
    async def test_an_earlier_holder_gets_nothing_of_the_present_one(self) -> None:
        bench = bench_of(type(self))
        found = (await bench.happy("access")).step("access").records
        dated = {one.kind for record in found for one in record.identifiers if _is_dated(one)}
        if not (type(self).dated or dated):
            return  # an upstream that knows no days cannot tell them apart
        whom = bench.cast.subject.identifiers
        known = [one for one in whom if one.kind in (dated or {each.kind for each in whom})]
        earlier = DataSubject(
            "kit-earlier",
            tuple(replace(i, valid_from=_LONG_AGO[0], valid_until=_LONG_AGO[1]) for i in known),
        )
        run = await bench.rehearse("access", cast=replace(bench.cast, subject=earlier))
        theirs = [r for r in run.step("access").records if earlier.known_by(r.identifiers)]
        expect(
            run.is_honest and not theirs,
            "who had a number before, asks for it and gets nothing of those who have it now",
            f"hands out {len(theirs)} records of the present holder" if theirs else told(run.error),
            "give Record.identifiers the days that the upstream says (valid_from, valid_until)",
        )

    @law(2, SupportsAccess)
    async def test_nobody_is_nothing_held(self) -> None:
        bench = bench_of(type(self))
        run = await bench.replay("nobody")
        expect(
            run.error is None,
            "for somebody whom the upstream does not know, access ends without a record",
            told(run.error),
            "take the upstream's way of saying so (an empty list, a 404 in `accept`) for an end",
        )
        found = run.step("nobody").records
        expect(
            not found,
            "for somebody whom the upstream does not know, access yields no record",
            f"yields {len(found)}",
            "look whether the filter is sent; give `stranger` somebody who is not known there",
        )

    @law(2, SupportsAccess, SupportsExport)
    async def test_export_holds_all_that_access_shows(self) -> None:
        bench = bench_of(type(self))
        shown = (await bench.happy("access")).step("access").records
        handed = {r.item.ref: r for r in (await bench.happy("export")).step("export").records}
        lost = [r.item.category.value for r in shown if r.item.ref not in handed]
        less = [
            r.item.category.value
            for r in shown
            if r.item.ref in handed and _members(r) - _members(handed[r.item.ref])
        ]
        expect(
            not lost and not less,
            "export hands out every item that access shows, and all that is in it",
            f"leaves out {some([*lost, *(f'a part of a {each}' for each in less)])}",
            "let export yield at least what access yields",
        )


def _is_dated(one: Identifier) -> bool:
    return one.valid_from is not None or one.valid_until is not None


def _members(record: Record) -> set[str]:
    """What a record has, by name: the two stories were recorded one after the other."""
    files = {f".attachments.{each.media_type}" for each in record.attachments}
    return {*places(dict(record.data)), *(f".fields.{name}" for name in record.fields), *files}

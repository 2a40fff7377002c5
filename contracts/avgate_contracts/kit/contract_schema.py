"""Level 3, resilience: an upstream that has changed is noticed, and so is one that mistakes people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from avgate_contracts.connector import SupportsAccess
from avgate_contracts.errors import ConnectorError
from avgate_contracts.kit import alteration
from avgate_contracts.kit.bench import Bench, bench_of, told
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.shown import content, essence
from avgate_contracts.kit.spelling import appears
from avgate_contracts.kit.spread import spread
from avgate_contracts.kit.tape import Interaction
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.record import Record
from avgate_contracts.vocabulary import IdentifierKind

_STORIES = ("access", "nobody")
_CHANGES = {"renamed": alteration.renamed, "another type": alteration.retyped}
_INSTEAD, _SAME_ADDRESS = "instead of the subject", "with the same address"
_FEWEST, _MOST = 10, 40  # members of one story that are changed, each in a playing of its own
_CALLS = 1500  # that all these playings may take: a story of a hundred calls shows fewer members
_OTHERS = {
    _INSTEAD: alteration.about_others,
    "beside the subject": alteration.with_others,
    _SAME_ADDRESS: alteration.about_others,  # but for the customer's number all is the subject's
}


class SchemaLaws(Declared):
    """What holds when answers are not what they were when the connector was written."""

    @law(3, SupportsAccess, cases=tuple(_CHANGES))
    async def test_a_changed_schema_is_noticed(self, case: str) -> None:
        bench, wrong = bench_of(type(self)), []
        for story in _STORIES:
            happy = await bench.happy(story)
            for member, tape in _altered(bench, story, case):
                run = await bench.rehearse(story, tape=tape)
                wrong += [f"{member}: {what}" for what in _silent(run, happy, story)]
        expect(
            not wrong,
            f"a member that every answer has, {case}, raises an error or changes nothing",
            some(wrong),
            "make it required in the model; where the upstream does leave it out at times, name it "
            "in `optional` of the test class",
        )

    @law(3, SupportsAccess, cases=tuple(_OTHERS))
    async def test_somebody_elses_data_is_not_taken_for_the_subjects(self, case: str) -> None:
        bench = bench_of(type(self))
        known = bench.cast.subject.identifiers
        if case == _SAME_ADDRESS:
            known = bench.cast.subject.of_kind(IdentifierKind.CUSTOMER_ID)
        values = [one.value for one in known]
        others = [alteration.another(value) for value in values]
        tape = _OTHERS[case](bench.tape("access").interactions, values)
        run = await bench.rehearse("access", tape=tape)
        expect(
            run.is_honest,
            "an answer about somebody else is left out, or is an error",
            told(run.error),
            "raise a ConnectorError, or yield what the upstream says and let the gateway judge",
        )
        subject, records = bench.cast.subject, run.step("access").records
        taken = [
            record.item.category.value
            for record in records
            if subject.known_by(record.identifiers) and (case == _INSTEAD or _shows(record, others))
        ]
        expect(
            not taken,
            "an answer about somebody else is left out, or names that other person",
            f"hands out {some(taken)} of somebody else as the subject's",
            "take Record.identifiers from the answer itself, each from its own element; where it is "
            "found by an address and names another customer, raise AmbiguousSubjectError",
        )


def _altered(bench: Bench, story: str, case: str) -> Iterator[tuple[object, Sequence[Interaction]]]:
    tape, optional = bench.tape(story).interactions, set(bench.suite.optional)
    most = max(_FEWEST, min(_MOST, _CALLS // max(len(tape), 1)))
    members = [m for m in alteration.promised(tape) if not _is_among(m, optional)]
    for member in spread(members, most):
        yield member, _CHANGES[case](tape, member)
    tags = alteration.tags(tape) if case == "renamed" else []
    for tag in spread([tag for tag in tags if not _is_among(tag, optional)], most):
        yield tag, alteration.retagged(tape, tag)


def _is_among(member: alteration.Member, optional: set[str]) -> bool:
    return bool(optional & {member.place[-1], ".".join(member.place)})


def _shows(record: Record, values: Sequence[str]) -> bool:
    named = (one.value for one in record.identifiers)
    told = [each.encode() for each in (*content(record), *named)]
    return any(appears(value, told) for value in values)


def _silent(run: Run, happy: Run, story: str) -> list[str]:
    """What was lost or made up without an error."""
    if run.error is not None:
        return [] if isinstance(run.error, ConnectorError) else [told(run.error)]
    found, before = run.step(story), happy.step(story)
    if essence(found.findings) != essence(before.findings):
        return ["other items, identifiers or terms, and no error"]
    shown = {value for record in found.records for value in content(record)}
    known = {value for record in before.records for value in content(record)}
    files = sum(len(r.attachments) for r in before.records) - sum(
        len(r.attachments) for r in found.records
    )
    lost = (known - shown) and _still_said(known - shown, shown)
    return ["part of what it held is left out, and no error"] if lost or files > 0 else []


def _still_said(lost: set[str], shown: set[str]) -> bool:
    """Whether a value is nowhere, not even inside another: in a changed type it may be."""
    return any(not any(value in each for each in shown) for value in lost)

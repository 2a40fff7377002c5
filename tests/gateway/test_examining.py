"""Entries made by hand: what one stretch of the chain says by itself, and what joining them adds."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest

from avgate_gateway.proving import tree
from avgate_gateway.proving.entry import BEGINNING, Stored, content, digested, worded
from avgate_gateway.proving.examination import Examination, MisfitError
from avgate_gateway.proving.stretch import Misfit, Stretch

NOON = 1_772_452_800_000_000
INTENDED, ENDED = "effect.intended", "effect.ended"
FOREIGN = Misfit(3, "entry 3 was not written by the gateway")
Rows = list[Stored]


def code(told: str) -> bytes:
    return hmac.digest(b"k", told.encode(), "sha256")


def chained(events: Sequence[tuple[str, str]], after: int = 0, previous: str = BEGINNING) -> Rows:
    """Entries that fit: an event and its details each, a second apart."""
    rows: Rows = []
    for sequence, (event, details) in enumerate(events, after + 1):
        at = NOON + sequence * 1_000_000
        told = content(worded(at), "c", "r", event, details)
        digest = digested(sequence, told, previous)
        rows.append(Stored(sequence, at, "c", "r", event, details, previous, digest, code(told)))
        previous = digest
    return rows


def effects(count: int) -> Rows:
    """Every effect is intended by one entry and ended by the next."""
    numbers = range(1, count + 1)
    return chained([((ENDED, INTENDED)[n % 2], f'{{"key":"k{(n + 1) // 2}"}}') for n in numbers])


def plain(count: int) -> Rows:
    return chained([("request.received", "{}")] * count)


def root_of(rows: Rows) -> bytes:
    return tree.root([tree.leaf(row.digest) for row in rows])


def without_code(rows: Rows, *numbers: int) -> Rows:
    return [row._replace(code=None) if row.sequence in numbers else row for row in rows]


def stretch_of(rows: Rows, sizes: Sequence[int] = (), *, is_whole: bool = True) -> Stretch:
    read = Stretch(rows[0].sequence - 1, sizes, is_whole)
    read.read(rows, code)
    return read


def examination(**told: object) -> Examination:
    return Examination(code, told.pop("checkpoints", {}), **told)  # type: ignore[arg-type]  # words


def test_what_an_entry_tells_is_worded_as_anybody_digests_it() -> None:
    told = content("2026-03-02T12:00:00+00:00", "c", None, "e", '{"a":"é"}')
    assert told == '"2026-03-02T12:00:00+00:00","c",null,"e","{\\"a\\":\\"\\u00e9\\"}"'
    assert content("t", "c", "", "e", "") == '"t","c","","e",""'
    assert digested(7, told, "ab") == sha256(f'[7,{told},"ab"]'.encode()).hexdigest()
    assert BEGINNING == "0" * 64


def test_a_stretch_tells_its_ends_its_tree_and_what_was_intended() -> None:
    rows = chained([(INTENDED, '{"key":"a"}'), (ENDED, '{"key":"a"}'), (ENDED, '{"key":"b"}'),
                    (INTENDED, "{}"), ("another", '{"key":"c"}')])  # fmt: skip
    read = stretch_of(rows, [2, 5])
    assert (read.after, read.number, read.misfit, read.uncoded) == (0, 5, None, None)
    assert (read.first_previous, read.last) == (BEGINNING, rows[-1].digest)
    assert read.is_attested
    assert (read.intended, read.ended) == ({"r a", "r "}, [(3, "r b")])
    assert (read.frontier.size, read.frontier.root) == (5, root_of(rows))
    assert read.roots == {2: root_of(rows[:2]), 5: root_of(rows)}


def test_one_that_is_read_for_its_links_alone_keeps_no_tree() -> None:
    read = stretch_of(effects(4), [2], is_whole=False)
    assert (read.number, read.frontier.size, read.intended, read.roots) == (4, 0, set(), {})


def test_nothing_is_told_before_anything_was_read() -> None:
    read = Stretch(6)
    assert (read.number, read.first_previous, read.last, read.is_attested) == (6, None, "", False)
    assert read.is_whole


def test_it_begins_wherever_it_is_told_to() -> None:
    rows = plain(9)
    read = stretch_of(rows[4:])
    assert (read.number, read.first_previous, read.misfit) == (9, rows[3].digest, None)


MISFITS: dict[str, tuple[Callable[[Rows], Rows], Misfit]] = {
    "one removed": (lambda rows: [*rows[:2], *rows[3:]], Misfit(3, "entry 3 is missing")),
    "two removed": (lambda rows: [*rows[:2], *rows[4:]], Misfit(3, "entry 3 is missing")),
    "another moment": (
        lambda rows: [*rows[:2], rows[2]._replace(at=NOON), *rows[3:]],
        Misfit(3, "entry 3 does not fit the chain"),
    ),
    "a lower digest": (
        lambda rows: [*rows[:2], rows[2]._replace(digest="0" * 64), *rows[3:]],
        Misfit(3, "entry 3 does not fit the chain"),
    ),
    "a higher digest": (
        lambda rows: [*rows[:2], rows[2]._replace(digest="g" * 64), *rows[3:]],
        Misfit(3, "entry 3 does not fit the chain"),
    ),
    "linked to a lower one": (
        lambda rows: [*rows[:2], *chained([("e", "")], 2, "0" * 64), *rows[3:]],
        Misfit(3, "entry 3 does not fit the chain"),
    ),
    "linked to a higher one": (
        lambda rows: [*rows[:2], *chained([("e", "")], 2, "g" * 64), *rows[3:]],
        Misfit(3, "entry 3 does not fit the chain"),
    ),
    "no code after one that has it": (lambda rows: without_code(rows, 3), FOREIGN),
    "an empty code": (lambda rows: [*rows[:2], rows[2]._replace(code=b""), *rows[3:]], FOREIGN),
    "another's code": (
        lambda rows: [*rows[:2], rows[2]._replace(code=rows[0].code), *rows[3:]],
        FOREIGN,
    ),
    "two of them": (
        lambda rows: [*rows[:2], rows[2]._replace(code=b""), rows[3]._replace(at=0), rows[4]],
        FOREIGN,
    ),
}


@pytest.mark.parametrize("what", MISFITS)
def test_a_stretch_ends_at_the_first_entry_that_does_not_fit(what: str) -> None:
    change, expected = MISFITS[what]
    read = stretch_of(change(plain(5)))
    assert (read.misfit, read.number, read.frontier.size) == (expected, 2, 2)


def test_an_entry_that_comes_again_counts_once() -> None:
    rows = plain(3)
    read = stretch_of([*rows, rows[0], rows[2]])
    assert (read.number, read.misfit, read.frontier.size) == (3, None, 3)


@pytest.mark.parametrize(
    ("until", "misfit"), [(2, None), (3, None), (4, Misfit(4, "entry 4 is missing"))]
)
def test_what_should_be_behind_it_is_missing(until: int, misfit: Misfit | None) -> None:
    read = stretch_of(plain(3))
    read.end_at(until)
    assert read.misfit == misfit


def test_what_is_missing_behind_a_misfit_is_not_said() -> None:
    read = stretch_of(without_code(plain(5), 3))
    read.end_at(9)
    assert read.misfit == FOREIGN


def test_the_first_without_a_code_is_remembered_until_a_code_or_a_checkpoint() -> None:
    read = stretch_of(without_code(plain(4), 1, 2))
    assert (read.uncoded, read.is_attested, read.misfit) == (1, True, None)
    assert not stretch_of(without_code(plain(2), 1, 2)).is_attested
    assert stretch_of(without_code(plain(4), 1, 2, 3, 4), [2]).misfit == FOREIGN


def test_without_the_key_of_codes_none_is_compared() -> None:
    read = Stretch(0)
    read.read([row._replace(code=b"x") for row in plain(3)], lambda _: None)
    assert (read.number, read.misfit) == (3, None)


def test_stretches_are_joined_to_the_chain_they_were_cut_from() -> None:
    rows = effects(8)
    signed = {4: root_of(rows[:4]), 6: root_of(rows[:6]), 8: root_of(rows)}
    check = examination(checkpoints=signed)
    for begin in (0, 4):
        check.join(stretch_of(rows[begin : begin + 4], tuple(signed)))
    check.join(Stretch(8))
    check.end()
    assert (check.number, check.last, check.is_attested) == (8, rows[-1].digest, True)
    assert check.frontier.root == root_of(rows)
    assert check.intended == {"r k1", "r k2", "r k3", "r k4"}


def test_an_examination_begins_at_the_beginning() -> None:
    check = examination()
    assert (check.number, check.last, check.is_attested) == (0, BEGINNING, False)
    assert check.looks_back
    check.end()


def test_an_examination_goes_on_after_what_was_signed() -> None:
    rows = without_code(plain(5), 4)
    check = examination(looks_back=False)
    check.go_on(3, rows[2].digest)
    with pytest.raises(MisfitError, match="entry 4 was not written by the gateway"):
        check.read(rows[3:])
    assert check.number == 3


def joined(first: Rows, second: Rows, **told: object) -> Examination:
    """Two stretches that were read by themselves; raises MisfitError."""
    check = examination(**told)
    sizes = tuple(check.checkpoints)
    for rows in (first, second):
        check.join(stretch_of(rows, sizes))
    return check


FITTING = effects(8)
CHECKPOINTS: dict[str, object] = {"checkpoints": {6: root_of(FITTING[:6])}}
ENTRIES = [("e", "{}")] * 4
UNINTENDED = chained([(ENDED, '{"key":"x"}'), *ENTRIES[1:]], 4, FITTING[3].digest)
UNLIKE_SIGNED = "entry 6, or one since the checkpoint before, is not what was signed"
BADLY_JOINED: dict[str, tuple[Rows, dict[str, object], str]] = {
    "linked to a lower one": (chained(ENTRIES, 4, "0" * 64), {}, "entry 5 does not fit the chain"),
    "linked to a higher one": (chained(ENTRIES, 4, "g" * 64), {}, "entry 5 does not fit the chain"),
    "a misfit of its own": (
        [*FITTING[4:6], FITTING[6]._replace(at=0)],
        {},
        "entry 7 does not fit the chain",
    ),
    "without codes": (without_code(FITTING[4:], 5, 6), {}, FOREIGN.says.replace("3", "5")),
    "not intended": (UNINTENDED, {}, "entry 5 tells of an effect that nobody intended before"),
    "another than was signed": (
        chained(ENTRIES, 4, FITTING[3].digest),
        CHECKPOINTS,
        UNLIKE_SIGNED,
    ),
    "a lower root": (FITTING[4:], {"checkpoints": {6: bytes(32)}}, UNLIKE_SIGNED),
    "a higher root": (FITTING[4:], {"checkpoints": {6: b"\xff" * 32}}, UNLIKE_SIGNED),
    "two at one entry, of which the first counts": (
        without_code(chained(ENTRIES, 4, "0" * 64), 5),
        {},
        "entry 5 does not fit the chain",
    ),
    "two, of which the lower number counts": (
        [*without_code(UNINTENDED, 5, 6)[:2], UNINTENDED[2]._replace(at=0)],
        {},
        FOREIGN.says.replace("3", "5"),
    ),
}


@pytest.mark.parametrize("what", BADLY_JOINED)
def test_what_does_not_fit_what_is_before_it_is_named(what: str) -> None:
    second, told, says = BADLY_JOINED[what]
    check = examination(**told)
    check.join(stretch_of(FITTING[:4]))
    with pytest.raises(MisfitError) as caught:
        check.join(stretch_of(second, tuple(check.checkpoints)))
    assert str(caught.value) == says
    assert check.number == int(says.split()[1].strip(",")) - 1


@pytest.mark.parametrize("size", [1, 3, 4])
def test_the_next_entry_is_named_by_its_number(size: int) -> None:
    check = examination()
    check.join(stretch_of(FITTING[:size]))
    with pytest.raises(MisfitError, match=f"entry {size + 1} does not fit the chain"):
        check.join(stretch_of(chained(ENTRIES, size, "0" * 64)))
    assert check.number == size


def test_what_was_intended_before_may_end_here_and_is_looked_for_only_if_all_is_read() -> None:
    joined(FITTING[:5], chained([(ENDED, '{"key":"k3"}')], 5, FITTING[4].digest))
    assert joined(FITTING[:4], UNINTENDED, looks_back=False).number == 8


def test_codes_may_begin_with_any_stretch_while_none_had_them() -> None:
    rows = without_code(FITTING, *range(1, 7))
    check = joined(rows[:4], rows[4:])
    assert (check.number, check.is_attested) == (8, True)
    assert not joined(without_code(rows, *range(1, 9))[:4], rows[4:6]).is_attested


@pytest.mark.parametrize(("size", "is_there"), [(3, True), (4, True), (5, False)])
def test_more_was_signed_than_there_is(size: int, is_there: bool) -> None:
    check = examination()
    check.join(stretch_of(FITTING[:4]))
    check.checkpoints = {1: b"", size: b""}
    if is_there:
        check.end()
        return
    with pytest.raises(MisfitError) as caught:
        check.end()
    assert str(caught.value).startswith("a checkpoint tells of 5 entries and there are 4: ")

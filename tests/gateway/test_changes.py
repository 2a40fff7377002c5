"""Whoever waits for a request is told of what happens to it, whoever does it, by one look for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from avgate_gateway.changes import Changes, heard
from avgate_gateway.store.cut_short import AwayError

_SOON = 10.0  # seconds; a look is made every second


class Evidence:
    """Entries, of which the last look saw as many as there were then; away, if `is_away`."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.looks: list[int | None] = []
        self.is_away = False

    async def look(self, after: int | None) -> tuple[int, frozenset[str]]:
        self.looks.append(after)
        if self.is_away:
            raise AwayError("the database cannot be reached")
        new = () if after is None else self.entries[after:]
        return len(self.entries), frozenset(new)


async def until(told: Callable[[], object]) -> None:
    async with asyncio.timeout(_SOON):
        while not told():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.01)


async def test_what_others_write_down_of_a_request_is_heard_by_those_who_wait_for_it() -> None:
    evidence = Evidence()
    changes = Changes(evidence.look)
    with changes.listening("one") as one, changes.listening("two") as two:
        assert await heard(one, _SOON), "what came before the first look may not have been seen"
        assert await heard(two, _SOON)
        evidence.entries += ["one", "three"]
        assert await heard(one, _SOON)
        assert not two.is_set()


async def test_there_is_one_look_for_all_and_none_for_nobody() -> None:
    evidence = Evidence()
    changes = Changes(evidence.look)
    with changes.listening("one"), changes.listening("two"), changes.listening("two"):
        await until(lambda: len(evidence.looks) == 2)
        assert evidence.looks == [None, 0]
    assert changes._looking is not None
    await asyncio.wait_for(changes._looking, _SOON)
    assert evidence.looks == [None, 0]
    with changes.listening("one"):
        await until(lambda: len(evidence.looks) == 3)
    assert evidence.looks[-1] is None, "what happened meanwhile was seen by nobody"


async def test_where_the_database_is_away_everybody_looks_by_themselves_and_is_told_so() -> None:
    evidence = Evidence()
    changes = Changes(evidence.look)
    with changes.listening("one") as one:
        assert await heard(one, _SOON)
        evidence.is_away = True
        assert not one.is_set()
        await until(lambda: len(evidence.looks) == 3)
        evidence.entries.append("one")
        evidence.is_away = False
        assert await heard(one, _SOON), "nobody knows what happened meanwhile"


async def test_at_the_end_everybody_is_told() -> None:
    changes = Changes()
    with changes.listening("one") as one, changes.listening("two") as two:
        changes.end()
        assert one.is_set()
        assert two.is_set()
        assert changes.is_over

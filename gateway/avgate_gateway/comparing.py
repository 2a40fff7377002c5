"""Whether the rows of closed requests say what the evidence says became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from avgate_gateway.store import came_to
from avgate_gateway.store.came_to import CHANGED, CLOSED, Account, Row, account_in
from avgate_gateway.store.database import Database

_PAGE = 200
# After one of these items may have fared otherwise; else nothing but their rows was changed.
_OF_ITEMS = frozenset(
    {
        "effect.ended", "effect.read_back", "effect.withheld", "retention.ended", "task.looked_again",
        "task.verified", "plan.overtaken", "hand_task.completed", "request.retried",
    }
)  # fmt: skip
_OF_TASKS = frozenset({"task.attempted", "task.not_done", "task.located"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A request of which rows and evidence tell different things."""

    request_id: str
    says: str


@dataclass(slots=True)
class Compared:
    """How many closed requests were compared; `older` were closed by a release that wrote nothing down."""

    count: int = 0
    older: int = 0
    busy: int = 0  # something is being done for them just now


async def differences(
    database: Database, now: datetime, compared: Compared, told: Callable[[int], None]
) -> Sequence[Difference]:
    """Looks at every request, some at a time, each time at rows and evidence of one moment."""
    found: list[Difference] = []
    after, seen = "", 0
    while True:
        async with database.read() as db:
            page = await came_to.page(db, after, now, _PAGE)
            ids = [row.id for row in page]
            entries = await came_to.entries(db, ids) if ids else {}
            accounts = await came_to.accounts(db, ids) if ids else {}
        for row in page:
            said = _difference(row, accounts[row.id], entries.get(row.id, ()), compared)
            found += [Difference(row.id, said)] if said else []
        seen += len(page)
        told(seen)
        if len(page) < _PAGE:
            break
        after = ids[-1]
    async with database.read() as db:
        gone = await came_to.without_row(db, _PAGE)
    return [
        *found,
        *(Difference(one, "the evidence tells of it, and it is not there") for one in gone),
    ]


def _difference(
    row: Row, rows: Account, entries: Sequence[tuple[str, str]], compared: Compared
) -> str | None:
    was_closed = any(event == CLOSED for event, _ in entries)
    if row.is_closed != was_closed:
        states = ("closed", "open") if row.is_closed else ("open", "closed")
        return "its row says that it is {}, the evidence {}".format(*states)
    told = [one for event, details in entries if (one := account_in(event, details))]
    if not told:
        compared.older += was_closed
    elif row.is_due:
        compared.busy += 1
    else:
        compared.count += 1
        return _between(told[-1], rows, entries)
    return None


def _between(said: Account, rows: Account, entries: Sequence[tuple[str, str]]) -> str | None:
    """What rows say otherwise, or the evidence said of rows that nothing else of it explains."""
    if said != rows:
        return _in_words(said, rows)
    if _is_unexplained(entries):
        return "the evidence tells of another outcome since it was closed, and of nothing that led to it"
    return None


def _is_unexplained(entries: Sequence[tuple[str, str]]) -> bool:
    """Whether what became of it changed in the evidence by nothing but a change of rows."""
    said: Account | None = None
    since: set[str] = set()
    for event, details in entries:
        then = account_in(event, details)
        if then is None:
            since.add(event)
            continue
        has_items = said is not None and said.outcomes != then.outcomes
        if event == CHANGED and not since & (_OF_ITEMS if has_items else _OF_ITEMS | _OF_TASKS):
            return True
        said, since = then, set()
    return False


def _in_words(said: Account, rows: Account) -> str:
    parts = list(_states(said.outcomes, rows.outcomes))
    if parts:
        return "; ".join(parts)
    return "its rows give other grounds, days, reasons or parts than the evidence has"


def _states(
    said: Mapping[str, Mapping[str, int]], rows: Mapping[str, Mapping[str, int]]
) -> Iterator[str]:
    for connector in sorted({*said, *rows}):
        before, now = said.get(connector, {}), rows.get(connector, {})
        for state in sorted({*before, *now}):
            if before.get(state, 0) != now.get(state, 0):
                yield (
                    f"{connector}: {now.get(state, 0)} {state} by its rows, "
                    f"{before.get(state, 0)} by the evidence"
                )

"""The retention matrix applied to one item: what may go, what stays, on which ground, until when."""

from __future__ import annotations

from datetime import date, datetime

from avgate_contracts.record import ErasureWay, ItemRef
from avgate_gateway.retention.ground import GROUNDS, PART_OF_A_SERVICE, Ground, GroundCode
from avgate_gateway.retention.rule import KeptWhile, Pack, Purpose, Rule
from avgate_gateway.retention.term import local_day, months_later
from avgate_gateway.retention.verdict import Action, Verdict

_WAYS = {
    ErasureWay.DELETE: Action.ERASE,
    ErasureWay.ANONYMISE: Action.ANONYMISE,
    ErasureWay.DELIST: Action.DELIST,
    ErasureWay.FORWARD: Action.FORWARD,
    ErasureWay.BY_HAND: Action.BY_HAND,
}
_PURPOSES = tuple(Purpose)
_RUNNING = {
    KeptWhile.CONTRACT: GROUNDS[GroundCode.CONTRACT_RUNS],
    KeptWhile.RETURNS: GROUNDS[GroundCode.RETURN_PROCESS],
}


def decide(item: ItemRef, pack: Pack, now: datetime, *, after_service: bool = False) -> Verdict:
    """What becomes of an item whose erasure is asked; the longest ground decides.

    `after_service`: its upstream lets nothing of the kind go while the service runs, so it is not
    promised that it goes. A term of months counts from the Dutch day on which it starts and ends with the same date, or
    the last of the month (Regulation 1182/71 Art. 3): the item goes the day after. Raises
    ValueError for a `now` without a zone.
    """
    verdict = _by_the_matrix(item, pack, local_day(now))
    goes = verdict.action not in {Action.RETAIN, Action.BY_HAND}
    if goes and after_service and item.service_runs:
        return Verdict(Action.RETAIN, PART_OF_A_SERVICE, None, verdict.rule)
    return verdict


def _by_the_matrix(item: ItemRef, pack: Pack, today: date) -> Verdict:
    rule = pack.rule_for(item.product, item.category)
    if rule is None:
        return Verdict(Action.BY_HAND, GROUNDS[GroundCode.NO_RULE])
    starts = _start_day(item)
    running = _running_ground(rule, pack)
    if running is not None and item.service_runs:
        return Verdict(Action.RETAIN, running, None, rule.id)
    longest = _longest(rule, pack)
    if longest is not None:
        return _with_term(item, rule, longest, starts, today)
    if running is not None and starts is not None and starts > today:
        return Verdict(Action.RETAIN, running, starts, rule.id)  # it has been ended, for later
    return _goes(item, rule, _why_nothing_keeps_it(rule))


def _with_term(
    item: ItemRef, rule: Rule, longest: tuple[int, Ground], starts: date | None, today: date
) -> Verdict:
    if starts is None:
        return Verdict(Action.BY_HAND, GROUNDS[GroundCode.TERM_UNKNOWN], None, rule.id)
    months, ground = longest
    until = months_later(starts, months)
    if until >= today:
        return Verdict(Action.RETAIN, ground, until, rule.id)
    return _goes(item, rule, GroundCode.TERM_OVER)


def _goes(item: ItemRef, rule: Rule, why: GroundCode) -> Verdict:
    return Verdict(_WAYS[item.erasure], GROUNDS[why], None, rule.id)


def _start_day(item: ItemRef) -> date | None:
    """The day the terms run from; a moment without a zone could be either of two, so unknown."""
    if item.term_starts is None or item.term_starts.tzinfo is None:
        return None
    return local_day(item.term_starts)


def _running_ground(rule: Rule, pack: Pack) -> Ground | None:
    if rule.kept_while is not None:
        return _RUNNING[rule.kept_while]
    delivered = (p for p, term in rule.terms.items() if term.months is None)
    if any(pack.policy[purpose].withholds for purpose in delivered):
        return GROUNDS[GroundCode.SERVICE_RUNS]
    return None


def _longest(rule: Rule, pack: Pack) -> tuple[int, Ground] | None:
    """The longest term among the purposes that withstand an erasure; of equals the strongest."""
    best: tuple[int, Ground] | None = None
    for purpose in _PURPOSES:
        term, policy = rule.terms.get(purpose), pack.policy[purpose]
        if term is None or term.months is None or not policy.withholds:
            continue
        if best is None or term.months > best[0]:
            best = (term.months, policy.ground)
    return best


def _why_nothing_keeps_it(rule: Rule) -> GroundCode:
    if rule.managed_by_end_user:
        return GroundCode.MANAGED_BY_END_USER
    return GroundCode.NO_GROUND if rule.terms else GroundCode.NO_TERM

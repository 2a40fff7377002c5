"""Finds the installed connectors and imports those that the operator allows, each by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import Distribution, EntryPoint, distributions

from avgate_gateway.allowance import Allowance
from avgate_gateway.registry import protocol
from avgate_gateway.registry.bounded import StrangerError, bounded
from avgate_gateway.registry.claimed import Claim, claim
from avgate_gateway.registry.installed import Installed
from avgate_gateway.registry.offer import Offer, offers
from avgate_gateway.registry.soundness import flaw

_SECONDS = 20.0  # an import that takes longer than this would not be waited for by a person either


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the operator decided, and how long one import may take."""

    allowance: Allowance
    least_level: int
    seconds: float
    moment: datetime


def discover(
    allowed: Iterable[str],
    least_level: int = 0,
    *,
    installed: Iterable[Distribution] | None = None,
    seconds: float = _SECONDS,
    now: Callable[[], datetime] = _now,
) -> Mapping[str, Installed]:
    """Every connector that is installed, by name; one broken package stops no other.

    A second one of a name stands under `NAME@DISTRIBUTION`. Of those that may not be loaded, none
    keeps an allowed one from its name; two allowed ones are both refused. `installed` is what Python
    finds, if not given. `now` says whether evidence is still fresh. Raises AllowanceError.
    """
    rules = _Rules(Allowance.of(allowed), least_level, seconds, now())
    found: dict[str, Installed] = {}
    offered = sorted(offers(distributions() if installed is None else installed), key=_first)
    rivals = _rivals(offered, rules.allowance)
    for offer in sorted(offered, key=lambda each: not _may(each, rules.allowance)):
        one = _here(offer, rules.allowance)
        others = rivals.get(offer.name, [])
        one = one.refuse(_doubled(others)) if _is_rival(offer, others) else _met(one, offer, rules)
        key = one.name if one.name not in found else f"{one.name}@{one.distribution}"
        found.setdefault(key, one)
    return dict(sorted(found.items()))


def _first(offer: Offer) -> tuple[str, str]:
    return offer.name, offer.distribution


def _may(offer: Offer, allowance: Allowance) -> bool:
    return offer.fault is None and allowance.refusal(offer.distribution, offer.version) is None


def _rivals(offered: Iterable[Offer], allowance: Allowance) -> Mapping[str, list[Offer]]:
    """The offers that may be loaded, by name."""
    by_name: dict[str, list[Offer]] = {}
    for offer in offered:
        if _may(offer, allowance):
            by_name.setdefault(offer.name, []).append(offer)
    return by_name


def _is_rival(offer: Offer, others: list[Offer]) -> bool:
    return len(others) > 1 and offer in others


def _doubled(others: list[Offer]) -> str:
    names = " and ".join(dict.fromkeys(each.distribution for each in others))
    return f"more than one connector of this name is offered, by {names}; allow or install one"


def _here(offer: Offer, allowance: Allowance) -> Installed:
    may = allowance.names(offer.distribution)
    return Installed(offer.name, offer.distribution, offer.version, is_allowed=may)


def _met(here: Installed, offer: Offer, rules: _Rules) -> Installed:
    """What is known of an offer, in the order in which its code comes nearer to ours."""
    refused = rules.allowance.refusal(offer.distribution, offer.version) or offer.fault
    if refused is not None or offer.point is None:
        return here.refuse(refused or "it names no class")
    try:
        says = bounded(partial(claim, offer.point.module, offer.name, rules.moment), rules.seconds)
        here = replace(here, level=says.level, level_note=says.note)
        refused = says.refusal(rules.least_level)
        if refused is None:
            return bounded(partial(_loaded, here, offer.point, says, rules), rules.seconds)
    except StrangerError as error:
        refused = f"importing it {error}"
    return here.refuse(refused)


def _loaded(here: Installed, point: EntryPoint, says: Claim, rules: _Rules) -> Installed:
    """Imports it. Whatever a class does when its parts are looked at, it does within the bound."""
    kind = point.load()
    wrong = flaw(kind, here.name)
    if wrong is not None:
        return here.refuse(wrong)
    spoken = kind.manifest.protocol
    counted = says.under(spoken)
    here = replace(here, level=counted.level, level_note=counted.note)
    refused = counted.refusal(rules.least_level)
    if refused is not None:
        return here.refuse(refused)
    return replace(here, kind=kind, manifest=kind.manifest, notice=protocol.notice(spoken))

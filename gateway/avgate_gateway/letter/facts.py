"""What a letter is made from: the record of a request, without anything that identifies the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Field, IdentifierKind
from avgate_gateway.register import RegisterEntry
from avgate_gateway.report import Report
from avgate_gateway.request import WaitingFor


@dataclass(frozen=True, slots=True)
class Unlooked:
    """A part of a system that could not be looked into; `is_done`: a person asked there."""

    part: str
    why: WhyUnseen
    needs: Sequence[IdentifierKind] = ()
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """A company that held the data too, and was told what becomes of them (GDPR Art. 19).

    `system` is what it is told by, where that says more than its name.
    """

    name: str
    is_confirmed: bool = True
    system: str = ""


@dataclass(frozen=True, slots=True)
class System:
    """One connector's system, as people know it.

    `recipients` are those behind it who were told. `done` are the first and the last day on which
    something was done there, `by_hand_due` by when a person is to do what is left, and `files_gone` how
    many files it no longer had when they were to be copied.
    """

    title: str
    recipients: Sequence[Recipient] = ()
    done: tuple[date, date] | None = None
    by_hand_due: date | None = None
    unlooked: Sequence[Unlooked] = ()
    files_gone: int = 0


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A copy that was asked to be sent to a successor; `on` is the day it arrived, if it did."""

    title: str
    on: date | None = None
    is_given_up: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A request as its letter tells of it; days are those in the Netherlands.

    `due` is the last day to answer that holds now, and `extension_reason` why it is later than the
    first one. `refusals` are the reasons that staff gave for what they refused (GDPR Art. 12(4)).
    `fields` are what was to be corrected. `providers` is None where they were not asked for.
    """

    controller: str
    contact: Sequence[str]
    report: Report
    received: date
    due: date
    closed: date | None = None
    closing: str | None = None
    waiting_for: WaitingFor | None = None
    extended: bool = False
    extension_reason: str | None = None
    refusals: Sequence[str] = ()
    identity_method: str | None = None
    identity_on: date | None = None
    fields: Sequence[Field] = ()
    systems: Mapping[str, System] = field(default_factory=dict)
    handed_over: Sequence[HandedOver] = ()
    providers: Sequence[RegisterEntry] | None = None

"""The page that explains the package to the person it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.package.content import Language, LeftNote, PackageHead, SystemNote, UnseenNote
from avgate_gateway.package.dutch import DUTCH
from avgate_gateway.package.english import ENGLISH
from avgate_gateway.package.naming import folder_of, one_line
from avgate_gateway.package.wording import Wording
from avgate_gateway.supervisor import COMPLAINT_ADDRESS

LANGUAGES: Final[Mapping[Language, Wording]] = {"nl": DUTCH, "en": ENGLISH}


def readme(head: PackageHead) -> tuple[str, str]:
    """Its path and its text, with the line ends that every text editor knows (CRLF)."""
    wording = LANGUAGES[head.language]
    text = wording.page.format(
        controller=one_line(head.controller_title),
        made=_day(head.made_at, wording),
        received=_day(head.received_at, wording),
        request=one_line(head.request_id),
        purpose=wording.purposes[head.operation],
        narrowed=_narrowed(head, wording),
        systems="\n".join(_system(note, wording) for note in head.notes),
        products=_listed(wording.products),
        categories=_listed(wording.categories),
        complaints=COMPLAINT_ADDRESS,
    )
    return wording.path, text.replace("\n", "\r\n")


def _narrowed(head: PackageHead, wording: Wording) -> str:
    """A paragraph where not everything was asked for, else nothing."""
    if not head.connectors and not head.categories:
        return ""
    titles = [one_line(note.title) for note in head.notes if note.connector in head.connectors]
    lines = [wording.narrowed]
    if titles:
        lines.append(wording.only_systems.format(systems=", ".join(titles)))
    if head.categories:
        asked = (f"- {wording.categories[category]}" for category in head.categories)
        lines.append(wording.only_categories.format(categories="\n".join(asked)))
    return "\n\n" + "\n".join(lines)


def _system(note: SystemNote, wording: Wording) -> str:
    says = wording.outcomes[note.outcome].format(folder=folder_of(note.connector))
    reason = wording.reason.format(reason=one_line(note.reason, longest=400)) if note.reason else ""
    lines = [f"- {one_line(note.title)}: {says} {reason}".rstrip()]
    parts = [_unseen(part, wording) for part in note.unseen]
    parts += [_left(left, wording) for left in note.left]
    if note.files_gone:
        parts.append(wording.files_gone.format(count=note.files_gone))
    return "\n".join([*lines, *(f"  - {part}" for part in parts)])


def _unseen(note: UnseenNote, wording: Wording) -> str:
    says = wording.asked if note.is_done else wording.unseen[note.why]
    return says.format(
        part=one_line(note.part),
        needs=", ".join(wording.identifiers[kind] for kind in note.needs),
    )


def _left(note: LeftNote, wording: Wording) -> str:
    says = wording.left_to_staff
    if note.is_retained:
        says = wording.kept_until if note.until else wording.kept
    return says.format(
        count=note.count,
        category=wording.categories[note.category],
        until=_day(note.until, wording) if note.until else "",
    )


def _day(moment: date, wording: Wording) -> str:
    month = wording.months[moment.month - 1]
    return wording.date.format(day=moment.day, month=month, year=moment.year)


def _listed(words: Mapping[Category, str] | Mapping[Product, str]) -> str:
    width = max(map(len, words))
    return "\n".join(f"  {word:<{width}}  {meaning}" for word, meaning in words.items())

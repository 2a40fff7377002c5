"""`manifest.json`: what the package holds, with digests, and what came of each system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.formula import TEXT_SIGN
from avgate_gateway.package.content import (
    File,
    LeftNote,
    PackageHead,
    Section,
    SystemOutcome,
    UnseenNote,
)
from avgate_gateway.package.json_text import BATCH_BYTES, json_bytes
from avgate_gateway.package.naming import one_line, title_of
from avgate_gateway.package.spreadsheet import DIALECTS
from avgate_gateway.package.tally import Tally

PATH = "manifest.json"
FORMAT = "avgate-package/1"


@dataclass(slots=True)
class Manifest:
    """Kept while the package streams; every system has its place in it from the start.

    Raises ValueError when something is entered of a system that the head has no note of: the page
    for the person, which is written first, would not name it.
    """

    head: PackageHead
    _entries: list[bytes] = field(default_factory=list)
    _sections: list[bytes] = field(default_factory=list)
    _records: dict[str, int] = field(default_factory=dict)
    _files: dict[str, int] = field(default_factory=dict)
    _all_arrived: bool = True

    def __post_init__(self) -> None:
        self._records = dict.fromkeys((note.connector for note in self.head.notes), 0)
        self._files = dict(self._records)

    def expect(self, connector: str) -> None:
        if connector not in self._records:
            raise ValueError(f"the package's head has no note of {connector}: add one")

    def enter(self, path: str, media_type: str, tally: Tally) -> None:
        self._entries.append(json_bytes(_weighed(path, media_type, tally)))

    def enter_section(self, section: Section, stem: str, rows: tuple[Tally, Tally]) -> None:
        """A section and its two entries; `rows` are the tallies of the JSON and of the CSV."""
        as_json, as_csv = rows
        origin = _origin(section.connector, section.category, section.product)
        counted: dict[str, Json] = {"records": as_json.records}
        self._entries += [
            json_bytes(_weighed(f"{stem}.json", "application/json", as_json) | origin | counted),
            json_bytes(_weighed(f"{stem}.csv", "text/csv", as_csv) | origin | counted),
        ]
        found: dict[str, Json] = {
            "records_collected": section.count,
            "records": as_json.records,
            "rows": as_csv.records,
            "fields_left_out_of_csv": as_csv.fields_left_out,
        }
        self._sections.append(json_bytes(origin | found))
        self._records[section.connector] += as_json.records
        self._all_arrived &= section.count == as_json.records == as_csv.records

    def enter_file(self, file: File, path: str, tally: Tally) -> None:
        """A file; its upstream's name and media type stand here, and nowhere else, as text."""
        told: dict[str, Json] = {"original_name": title_of(file.name) or None}
        origin = _origin(file.connector, file.category, None)
        weighed = _weighed(path, one_line(file.media_type), tally)
        self._entries.append(json_bytes(weighed | origin | told))
        self._files[file.connector] += 1

    def octets(self) -> Iterator[bytes]:
        """The manifest, in batches of about 4 KiB; itself it does not list.

        `complete` is true if all that was asked answered in all its parts, and all that was collected is here:
        where `narrowed_to` is not null, no more than that was asked.
        """
        head = json_bytes(_head(self.head) | {"complete": self._is_complete()})
        yield head[:-1] + b',\n"systems": '
        yield from _lines(json_bytes(system) for system in self._systems())
        yield b',\n"sections": '
        yield from _lines(self._sections)
        yield b',\n"entries": '
        yield from _lines(self._entries)
        yield b"}\n"

    def _is_complete(self) -> bool:
        answered = (
            SystemOutcome.COMPLETED,
            SystemOutcome.NOTHING_HELD,
            SystemOutcome.NOTHING_IN_SCOPE,
            SystemOutcome.NOT_RELEVANT,
        )
        return self._all_arrived and all(
            note.outcome in answered and not note.files_gone for note in self.head.notes
        )

    def _systems(self) -> Iterator[Json]:
        for note in self.head.notes:
            yield {
                "connector": note.connector,
                "title": note.title,
                "outcome": note.outcome,
                "reason": note.reason or None,
                "unseen": [_unseen(part) for part in note.unseen],
                "left_by_earlier_erasures": [_left(left) for left in note.left],
                "records": self._records[note.connector],
                "files": self._files[note.connector],
                "files_gone": note.files_gone,
            }


def _unseen(note: UnseenNote) -> Json:
    needs: list[Json] = [kind.value for kind in note.needs]
    return {"part": note.part, "why": note.why, "needs": needs, "asked_by_hand": note.is_done}


def _left(note: LeftNote) -> Json:
    return {
        "category": note.category,
        "count": note.count,
        "is_retained": note.is_retained,
        "until": note.until.isoformat() if note.until else None,
    }


def _head(head: PackageHead) -> dict[str, Json]:
    dialect = DIALECTS[head.language]
    return {
        "format": FORMAT,
        "request": head.request_id,
        "operation": head.operation,
        "controller": head.controller_title,
        "language": head.language,
        "narrowed_to": _narrowed_to(head),
        "received_at": _moment(head.received_at),
        "made_at": _moment(head.made_at),
        "csv": {
            "encoding": "UTF-8 with byte order mark",
            "delimiter": dialect.delimiter,
            "decimal": dialect.decimal,
            "text_sign": TEXT_SIGN,
        },
    }


def _narrowed_to(head: PackageHead) -> Json:
    """What was asked for; None for everything. `complete` is said of no more than that."""
    if not head.connectors and not head.categories:
        return None
    return {"connectors": list(head.connectors), "categories": list(head.categories)}


def _weighed(path: str, media_type: str, tally: Tally) -> dict[str, Json]:
    return {
        "path": path,
        "media_type": media_type,
        "size": tally.size,
        "sha256": tally.sha256,
    }


def _origin(connector: str, category: Category, product: Product | None) -> dict[str, Json]:
    origin: dict[str, Json] = {"connector": connector, "category": category}
    return origin if product is None else origin | {"product": product}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _lines(items: Iterable[bytes]) -> Iterator[bytes]:
    batch = bytearray(b"[")
    parted = b"\n"
    for item in items:
        batch += parted + item
        parted = b",\n"
        if len(batch) >= BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    yield bytes(batch + b"]")

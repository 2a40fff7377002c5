"""Published lists over HTTP, whichever of the three formats they have."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from avgate_contracts import ContractBrokenError, HttpClient, PublishedList, Response
from avgate_subprocessors.models import (
    MOST_LINES,
    Discovery,
    ListedSubprocessor,
    ListSettings,
    PublishedJson,
)

# RFC 9110 section 8.8.3, less what only very old servers send; it goes back out in a header.
_ETAG = re.compile(r'(?:W/)?"[!#-~]{0,200}"')


class ListClient:
    """Reads published lists; what did not change is not sent (RFC 9110 section 13.1.2)."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def fetch(self, source: ListSettings, etag: str | None) -> PublishedList | None:
        """The list, or None if it is still the one with this etag."""
        headers = {"If-None-Match": etag} if etag else {}
        answer = await self._http.send(
            "GET", source.url, headers=headers, accept=(304,), authenticated=False
        )
        if answer.status == 304:
            return None
        given = answer.headers.get("etag", "")
        known = given if _ETAG.fullmatch(given) else None
        lines = (line.processor() for line in _lines(source, answer) if line.name)
        return PublishedList(source.provider, tuple(lines), known)


def _lines(source: ListSettings, answer: Response) -> Sequence[ListedSubprocessor]:
    if source.format == "csv":
        return _of_csv(answer.text())
    if source.format == "json":
        return answer.parse(PublishedJson).subprocessors
    extensions = answer.parse(Discovery).extensions or {}
    lists = [one.subprocessors for one in extensions.values() if one.subprocessors is not None]
    if not lists:
        raise ContractBrokenError("the discovery names no list of subprocessors")
    return [line for lines in lists for line in lines]


def _of_csv(text: str) -> list[ListedSubprocessor]:
    """A list as CSV with the columns name, purpose, country and products (parted by ";").

    Commas or semicolons part the columns; columns of other names are left alone. Raises
    ContractBrokenError where there is no such table.
    """
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    try:
        lines = [_line(row) for row in rows]
    except (csv.Error, KeyError):
        lines = None
    if lines is None or len(lines) > MOST_LINES or "name" not in (rows.fieldnames or ()):
        raise ContractBrokenError("the published list is no CSV table with a column 'name'")
    return lines


def _line(row: Mapping[str, str | None]) -> ListedSubprocessor:
    return ListedSubprocessor(
        name=row["name"] or "",
        purpose=row.get("purpose") or "",
        country=row.get("country") or "",
        products=(row.get("products") or "").split(";"),
    )

"""Published lists over HTTP, whichever of the three formats they have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from avgate_contracts import ContractBrokenError, HttpClient, PublishedList, Response
from avgate_subprocessors.models import (
    Discovery,
    ListedSubprocessor,
    ListSettings,
    PublishedJson,
    lines_of_csv,
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
        return lines_of_csv(answer.text())
    if source.format == "json":
        return answer.parse(PublishedJson).subprocessors
    extensions = answer.parse(Discovery).extensions or {}
    lists = [one.subprocessors for one in extensions.values() if one.subprocessors is not None]
    if not lists:
        raise ContractBrokenError("the discovery names no list of subprocessors")
    return [line for lines in lists for line in lines]

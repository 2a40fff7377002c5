"""The calls for what is handed out: the copy, the letter, and the copy to a successor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from avgate_client.answers import Handover, HandoverList, LetterList, LetterVersion
from avgate_client.line import Line
from avgate_client.outgoing import Outgoing
from avgate_client.reading import read
from avgate_client.saving import save


@dataclass(frozen=True, slots=True)
class WhichLetter:
    """The letter that holds now, in a language, or an earlier version, which has its own.

    `providers`: it lists the companies behind the service.
    """

    language: str | None = None
    version: int | None = None
    providers: bool = False

    def params(self) -> dict[str, str | int | bool]:
        """As the API takes it."""
        named = {"language": self.language, "version": self.version}
        given = {name: value for name, value in named.items() if value is not None}
        return {**given, **({"providers": True} if self.providers else {})}


_NOW = WhichLetter()


class ResultCalls:
    """Every call that hands something out; raises AvgateErrors."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def download_package(self, request_id: str, to: Path) -> int:
        """Saves the copy, whole or not at all, and returns its size in bytes; see `saving.save`."""
        path = "/v1/requests/{id}/package"
        return await save(self._line, Outgoing("GET", path, {"id": request_id}, accept="*/*"), to)

    async def download_letter(self, request_id: str, to: Path, which: WhichLetter = _NOW) -> int:
        """Saves the letter to the person, a PDF, likewise."""
        outgoing = Outgoing(
            "GET", "/v1/requests/{id}/letter", {"id": request_id}, which.params(),
            accept="application/pdf",
        )  # fmt: skip
        return await save(self._line, outgoing, to)

    async def letters(self, request_id: str) -> tuple[LetterVersion, ...]:
        """Every version of the letter."""
        outgoing = Outgoing("GET", "/v1/requests/{id}/letters", {"id": request_id})
        return read(await self._line.send(outgoing), LetterList).items

    async def hand_over(self, request_id: str, destination: str) -> Handover:
        """Has the copy of an export handed over; asked again, it is the same handover."""
        outgoing = Outgoing(
            "POST", "/v1/requests/{id}/handover", {"id": request_id},
            json={"destination": destination}, repeatable=True,
        )  # fmt: skip
        return read(await self._line.send(outgoing), Handover)

    async def handovers(self, request_id: str) -> tuple[Handover, ...]:
        """What became of handing the copy over."""
        outgoing = Outgoing("GET", "/v1/requests/{id}/handovers", {"id": request_id})
        return read(await self._line.send(outgoing), HandoverList).items

"""One line of the register: a company or product that processes data behind the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from avgate_contracts.vocabulary import Product


class Role(StrEnum):
    """Whose order it processes by: the controller's, or a processor's (Art. 28(2) and 28(4))."""

    PROCESSOR = "processor"
    SUBPROCESSOR = "subprocessor"


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """A processor as one controller's source names it.

    `source` is the document or list that names it and `provider` whose list that is, empty for the
    controller's own statement. `first_seen` is None where that document has no date. `last_seen`
    is when the list was found without it, None while it is named. `purpose_nl` and `source_nl` are
    empty where others wrote the text: then it is shown as they wrote it.
    """

    controller: str
    name: str
    role: Role
    product_group: Product
    products: tuple[str, ...]
    source: str
    country: str
    purpose: str
    first_seen: datetime | None
    last_seen: datetime | None = None
    provider: str = ""
    purpose_nl: str = ""
    source_nl: str = ""

    def purpose_in(self, language: str) -> str:
        """What it is for, to a reader of this language."""
        return (self.purpose_nl if language == "nl" else "") or self.purpose

    def source_in(self, language: str) -> str:
        """Which document or list names it, to a reader of this language."""
        if language == "nl" and self.provider:
            return f"lijst die {self.provider} publiceert"
        return (self.source_nl if language == "nl" else "") or self.source

    @property
    def identity(self) -> str:
        """Its name for comparing: case and spacing make no other company of it."""
        return folded(self.name)


def folded(name: str) -> str:
    """A name without regard to case and spacing."""
    return " ".join(name.split()).casefold()

"""What an author chose for a new connector, checked before anything is written."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from avgate_contracts.vocabulary import Operation

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST = 24  # so that no line of the project gets too long
_OURS = frozenset({"operator", "xelion", "directory", "subprocessors"})
_OFFERED = (Operation.ACCESS, Operation.RECTIFY, Operation.ERASE, Operation.EXPORT)


class ScaffoldError(Exception):
    """A project cannot be written; the message is one line that says what to do."""


class Auth(StrEnum):
    """How an upstream wants its callers to prove who they are."""

    OAUTH2 = "oauth2-client-credentials"
    BEARER = "bearer"
    BASIC = "basic"
    API_KEY = "api-key"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Choice:
    """A connector's name, how it authenticates, and its operations, access always among them."""

    name: str
    auth: Auth
    operations: frozenset[Operation]

    @classmethod
    def of(cls, name: str, auth: str, operations: Iterable[str]) -> Choice:
        """Checks what was typed; raises ScaffoldError.

        Access is there whether it was named or not: what is to be corrected or erased is found by
        it, and an export shows at least as much.
        """
        chosen = {_operation(one.strip()) for one in operations if one.strip()}
        return cls(_name(name), _auth(auth), frozenset(chosen | {Operation.ACCESS}))

    @property
    def distribution(self) -> str:
        """What is installed, and the project's folder if no other is named."""
        return f"{self.name.replace('_', '-')}-avgate"

    @property
    def package(self) -> str:
        """What is imported."""
        return f"{self.name}_avgate"

    @property
    def title(self) -> str:
        """What people call the upstream."""
        return self.name.replace("_", " ").title()


def _name(typed: str) -> str:
    if not _NAME.fullmatch(typed) or len(typed) > _LONGEST or keyword.iskeyword(typed):
        raise ScaffoldError(
            f"a connector's name is 1 to {_LONGEST} small letters, digits and single underscores, "
            "starts with a letter, and is no word of Python's own: acme or acme_crm"
        )
    if typed in _OURS:
        raise ScaffoldError(f"there is a connector {typed} in Avgate itself; choose another name")
    return typed


def _auth(typed: str) -> Auth:
    if typed not in set(Auth):
        raise ScaffoldError(f"there is no such auth; choose one of {', '.join(Auth)}")
    return Auth(typed)


def _operation(typed: str) -> Operation:
    if typed not in set(_OFFERED):
        raise ScaffoldError(f"there is no such operation; choose from {', '.join(_OFFERED)}")
    return Operation(typed)

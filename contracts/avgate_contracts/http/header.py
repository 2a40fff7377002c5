"""Header fields as a call sends them: RFC 9110 section 5."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from avgate_contracts.errors import InvalidIdentifierError

Header: TypeAlias = tuple[bytes, bytes]

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~\-]+")
_VALUE = re.compile(r"[!-~](?:[ -~\t]*[!-~])?")
# What the client itself decides.
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "host", "transfer-encoding"}
)


def header(name: str, value: str) -> Header:
    """One field; raises InvalidIdentifierError for what could break out of it."""
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise InvalidIdentifierError("a header holds visible ASCII characters, and spaces between")
    return name.lower().encode("ascii"), value.encode("ascii")


def headers(
    given: Mapping[str, str] | None, *, accept: str, content_type: str | None, key: str | None
) -> tuple[Header, ...]:
    """The fields of a call; what the author gives goes before what we would say.

    Raises ValueError for a field that is the client's own to set.
    """
    usual = _usual(accept, content_type)
    fields = dict(usual)
    for name, value in (given or {}).items():
        if name.lower() in _OURS:
            raise ValueError(f"the client sets {name.lower()} itself")
        named, written = header(name, value)
        fields[named] = written
    if key is not None:
        fields.update([header("idempotency-key", key)])
    return tuple(fields.items())


@lru_cache(maxsize=64)
def _usual(accept: str, content_type: str | None) -> tuple[Header, ...]:
    """What we would say of every call that is alike."""
    fields = {"accept": accept, "accept-encoding": "identity", "user-agent": "avgate"}
    if content_type is not None:
        fields["content-type"] = content_type
    return tuple(header(name, value) for name, value in fields.items())

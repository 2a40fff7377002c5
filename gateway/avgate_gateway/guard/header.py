"""Headers that every reader between the caller and us understands alike, and not too many."""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.types import Scope

from avgate_gateway.guard.limit import Limits
from avgate_gateway.problem import (
    AMBIGUOUS_REQUEST,
    HEADERS_TOO_LARGE,
    MALFORMED_REQUEST,
    Problem,
    ProblemError,
    ProblemType,
)

_SINGLE = (
    b"host",
    b"content-length",
    b"content-type",
    b"content-encoding",
    b"transfer-encoding",
    b"authorization",
    b"idempotency-key",
    b"last-event-id",
)
_HOST = re.compile(rb"(?P<name>[A-Za-z0-9._\-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_VALUE = re.compile(rb"[\t\x20-\x7e]*")
_LINE_OVERHEAD = 4  # the colon, the space and the line end that a header costs on the wire


class Headers:
    """The headers of one HTTP request by lower-case name, each name as often as it came."""

    def __init__(self, scope: Scope) -> None:
        self.raw: list[tuple[bytes, bytes]] = list(scope["headers"])
        self._version = str(scope.get("http_version", "1.1"))
        self._by_name: dict[bytes, list[bytes]] = {}
        for name, value in self.raw:
            self._by_name.setdefault(name.lower(), []).append(value)

    def all(self, name: bytes) -> list[bytes]:
        """Every value that came under this name."""
        return self._by_name.get(name, [])

    def one(self, name: bytes) -> bytes | None:
        """The value of a header that `check` let come once at most."""
        values = self._by_name.get(name)
        return values[0] if values else None

    def check(self, limits: Limits) -> None:
        """Raises ProblemError for headers that are too many, too large, doubled or unreadable."""
        self._check_size(limits)
        self._check_values()
        for name, values in self._by_name.items():
            if len(values) > 1 and name in _SINGLE:
                _refuse(AMBIGUOUS_REQUEST, f"The header {name.decode()} may come once.")
        self._check_host(limits.hosts)
        self._check_framing()

    def _check_size(self, limits: Limits) -> None:
        size = sum(len(name) + len(value) + _LINE_OVERHEAD for name, value in self.raw)
        if len(self.raw) > limits.header_count or size > limits.header_bytes:
            allowed = f"{limits.header_count} headers and {limits.header_bytes} bytes in all"
            _refuse(HEADERS_TOO_LARGE, f"There may be {allowed}.", closing=True)

    def _check_values(self) -> None:
        if not all(_VALUE.fullmatch(value) for _, value in self.raw):
            _refuse(MALFORMED_REQUEST, "A header holds something else than printable ASCII.")

    def _check_host(self, known: Collection[str]) -> None:
        host = self.one(b"host")
        match = _HOST.fullmatch(host or b"")
        if match is None:
            _refuse(MALFORMED_REQUEST, "One Host header is required: a name, and perhaps a port.")
        elif known and match["name"].decode("ascii").lower() not in known:
            _refuse(MALFORMED_REQUEST, "The gateway is not known by the name in Host.")

    def _check_framing(self) -> None:
        length = self.one(b"content-length")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 19):
            _refuse(MALFORMED_REQUEST, "Content-Length must be a number.", closing=True)
        coding = self.one(b"transfer-encoding")
        if coding is None:
            return
        if length is not None:
            wrong = "Content-Length and Transfer-Encoding exclude each other."
        elif coding.lower() != b"chunked":
            wrong = "Transfer-Encoding may be chunked, and nothing else."
        elif self._version != "1.1":
            wrong = "HTTP/1.0 knows no Transfer-Encoding."
        else:
            return
        _refuse(MALFORMED_REQUEST, wrong, closing=True)


def media_type(value: bytes | None) -> str | None:
    """A Content-Type without parameters; None if its charset is not UTF-8."""
    kind, *parameters = (value or b"").decode("ascii").lower().split(";")
    charsets = [p.strip() for p in parameters if p.strip().startswith("charset=")]
    return kind.strip() if _all_utf8(charsets) else None


def _all_utf8(charsets: Collection[str]) -> bool:
    return all(charset.removeprefix("charset=").strip('"') == "utf-8" for charset in charsets)


def _refuse(kind: ProblemType, detail: str, *, closing: bool = False) -> None:
    headers = {"connection": "close"} if closing else {}
    raise ProblemError(Problem(kind, detail, headers=headers))

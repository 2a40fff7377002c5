"""The answers a mock has given, so that a call made twice has one effect."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256

from starlette.responses import Response


class KeyReusedError(Exception):
    """The same key came with another body: refuse the call."""


@dataclass(frozen=True, slots=True)
class _Given:
    fingerprint: bytes
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Answers:
    """Answers by key; only those that a caller may see again are kept."""

    def __init__(self) -> None:
        self._given: dict[Hashable, _Given] = {}

    def known(self, key: Hashable) -> bool:
        return key in self._given

    def once(self, key: Hashable, body: bytes, effect: Callable[[], Response]) -> Response:
        """The answer `effect` gave the first time; later calls do not run it.

        A refusal (4xx, 5xx) is not kept: it had no effect, and the next try may fare better.
        Raises KeyReusedError if the key came with another body before.
        """
        fingerprint = sha256(body).digest()
        given = self._given.get(key)
        if given is None:
            return self._keep(key, fingerprint, effect())
        if given.fingerprint != fingerprint:
            raise KeyReusedError
        return _again(given)

    def _keep(self, key: Hashable, fingerprint: bytes, response: Response) -> Response:
        if response.status_code < 400:
            headers = tuple(response.raw_headers)
            self._given[key] = _Given(
                fingerprint, response.status_code, headers, bytes(response.body)
            )
        return response


def _again(given: _Given) -> Response:
    response = Response(given.body, given.status)
    response.raw_headers = list(given.headers)
    return response

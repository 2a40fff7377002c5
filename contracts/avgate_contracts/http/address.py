"""Where a client may call: addresses are made here, and checked once they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from avgate_contracts.errors import (
    ContractBrokenError,
    InvalidIdentifierError,
    MisconfiguredError,
)
from avgate_contracts.http.library import URL, InvalidURL
from avgate_contracts.http.path import Params, fill, query

_USUAL_PORT = {"http": 80, "https": 443}


class Addresses:
    """The addresses under one base, and on the hosts that the settings allow."""

    def __init__(self, base_url: str, hosts: Iterable[str]) -> None:
        parts = urlsplit(base_url)
        self._base = base_url
        self._prefix = parts.path
        self._schemes = {"https", parts.scheme}  # never down from https to http
        self._hosts = frozenset(_host(entry) for entry in hosts)
        self.check(base_url)

    def url(self, path: str, ids: Mapping[str, str], params: Params | None) -> URL:
        """The address of a path template, or of an absolute URL on an allowed host.

        Raises InvalidIdentifierError, MisconfiguredError (host), ContractBrokenError (an absolute
        address that is not plain) and ValueError (template), all before anything is sent.
        """
        if path.startswith(("https://", "http://")):
            return self._elsewhere(path, params)
        target = fill(path, ids)
        asked = query(params)
        return self._below(f"{target}?{asked}" if asked else target)

    def check(self, address: str) -> None:
        """Raises MisconfiguredError if an address from the settings may not be called."""
        url = _plain(address)
        if url is None:
            raise MisconfiguredError("an address in the connector's settings is not a plain URL")
        self._allowed(url)

    def _below(self, target: str) -> URL:
        url = URL(self._base + target)
        if url.raw_path != (self._prefix + target).encode("ascii"):
            raise InvalidIdentifierError("an id would have changed the path that is called")
        self._allowed(url)
        return url

    def _elsewhere(self, address: str, params: Params | None) -> URL:
        asked = query(params)
        url = _plain(f"{address}{'&' if '?' in address else '?'}{asked}" if asked else address)
        if url is None:
            raise ContractBrokenError("an address is not a plain URL, so it was not called")
        self._allowed(url)
        return url

    def _allowed(self, url: URL) -> None:
        usual = _USUAL_PORT.get(url.scheme)
        port = url.port or usual
        host = url.raw_host.decode("ascii")
        known = (host, port) in self._hosts or (port == usual and (host, None) in self._hosts)
        if url.scheme not in self._schemes or not known:
            raise MisconfiguredError(
                "an address is outside the hosts this connector may call, so it was not called; "
                "correct the address, or allow its host in the connector's settings"
            )


def _plain(address: str) -> URL | None:
    """The address, if the library would call exactly what is written; else None."""
    try:
        url = URL(address)
    except (InvalidURL, UnicodeError):
        return None
    target = "/" + address.split("://", 1)[-1].partition("/")[2]
    same = url.raw_path == target.encode("utf-8", "replace")
    return url if same and not url.userinfo and "#" not in address else None


def _host(entry: str) -> tuple[str, int | None]:
    return URL(f"http://{entry}").raw_host.decode("ascii"), urlsplit(f"//{entry}").port

"""Where a client may call: addresses are made here, and checked once they are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from avgate_contracts.destination import Destinations, Origin
from avgate_contracts.errors import (
    ContractBrokenError,
    InvalidIdentifierError,
    MisconfiguredError,
)
from avgate_contracts.http.library import URL, InvalidURL, below
from avgate_contracts.http.path import Params, fill, has_exactly, query

_USUAL_PORT = {"http": 80, "https": 443}
_LEFT = "an id would have changed the path that is called"
Fill = Callable[[str, Mapping[str, str]], str]
# A path and a query of which the library would change nothing: RFC 3986, 3.3, 3.4 and 5.2.4.
_AS_WRITTEN = re.compile(
    r"(?:/(?!\.{1,2}(?:[/?]|$))(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-F]{2})*)+"
    r"(?:\?(?:[A-Za-z0-9\-._~!$&()*+,;=:@/?]|%[0-9A-F]{2})*)?"
)
_LONG = 4096  # characters; what is longer than this is for the library to judge


class Addresses:
    """The addresses under one base, and on the hosts that the settings allow.

    What `fill` has made is looked at once more when the address is prepared, as if it were wrong.
    """

    def __init__(
        self,
        base_url: str,
        hosts: Iterable[str],
        destinations: Destinations | None = None,
        *,
        fill: Fill = fill,
    ) -> None:
        self._fill = fill
        parts = urlsplit(base_url)
        self._base = base_url
        self._prefix = parts.path
        self._schemes = {"https", parts.scheme}  # never down from https to http
        entries = list(hosts)
        self._hosts = frozenset(_host(entry) for entry in entries)
        self._destinations = destinations or Destinations.of(entries, ())
        self._vetted: set[Origin] = set()
        self._root = self.check(base_url)

    def url(self, path: str, ids: Mapping[str, str], params: Params | None) -> URL:
        """The address of a path template, or of an absolute URL on an allowed host.

        Raises InvalidIdentifierError, MisconfiguredError (host), ContractBrokenError (an absolute
        address that is not plain) and ValueError (template), all before anything is sent.
        """
        if path.startswith(("https://", "http://")):
            return self._elsewhere(path, params)
        target = self._fill(path, ids)
        asked = query(params)
        url = self._below(f"{target}?{asked}" if asked else target)
        whole, _, sent = url.raw_path.decode("ascii").partition("?")
        prefix, below_it = whole[: len(self._prefix)], whole[len(self._prefix) :]
        if prefix != self._prefix or sent != asked or not has_exactly(below_it, path, ids):
            raise InvalidIdentifierError(_LEFT)
        return url

    def check(self, address: str) -> URL:
        """An address from the settings; raises MisconfiguredError if it may not be called."""
        url = _plain(address)
        if url is None:
            raise MisconfiguredError("an address in the connector's settings is not a plain URL")
        self._allowed(url)
        return url

    def _below(self, target: str) -> URL:
        whole = self._prefix + target
        if len(whole) <= _LONG and _AS_WRITTEN.fullmatch(whole):
            return below(self._root, whole)
        try:
            url = URL(self._base + target)
        except InvalidURL:
            raise InvalidIdentifierError(_LEFT) from None
        if url.raw_path != whole.encode("utf-8", "replace"):
            raise InvalidIdentifierError(_LEFT)
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
        self._vet(Origin(url.scheme, host, port or 0))

    def _vet(self, origin: Origin) -> None:
        if origin in self._vetted:
            return
        why = self._destinations.why_not(origin)
        if why is not None:
            raise MisconfiguredError(f"an address was not called: {why}")
        self._vetted.add(origin)


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

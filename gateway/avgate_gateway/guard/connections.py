"""Who is connected, and who has to go when there are too many: whoever asks for nothing goes first."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Generic, TypeVar

from avgate_gateway.guard.limit import Limits

C = TypeVar("C", bound=Hashable)


@dataclass(slots=True)
class _Party(Generic[C]):
    """Connections, and those of them that nobody owes an answer, the longest silent one first."""

    known: set[C] = field(default_factory=set)
    silent: dict[C, None] = field(default_factory=dict)


class Connections(Generic[C]):
    """All connections of one process, together and for each peer.

    A proxy that is trusted stands for many callers, so it may have as many as there may be in all.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._proxies = [ip_network(proxy) for proxy in limits.trusted_proxies]
        self._all: _Party[C] = _Party()
        self._peers: dict[str, _Party[C]] = {}

    def __len__(self) -> int:
        return len(self._all.known)

    def come(self, connection: C, peer: str) -> C | None:
        """Takes a connection in; returns the one that has to go for it, which may be itself."""
        own = self._peers.setdefault(peer, _Party())
        for party in (self._all, own):
            party.known.add(connection)
            party.silent[connection] = None
        crowded = self._crowded(own, peer)
        return None if crowded is None else next(iter(crowded.silent))

    def _crowded(self, own: _Party[C], peer: str) -> _Party[C] | None:
        if len(self._all.known) > self._limits.connections:
            return self._all
        if len(own.known) > self._limits.connections_per_peer and not self._is_proxy(peer):
            return own
        return None

    def _is_proxy(self, peer: str) -> bool:
        if not self._proxies or not peer:
            return False
        address = ip_address(peer)
        return any(address in network for network in self._proxies)

    def busy(self, connection: C, peer: str) -> None:
        """It has said what it wants, and is owed an answer."""
        for party in (self._all, self._peers.get(peer)):
            if party is not None:
                party.silent.pop(connection, None)

    def silent(self, connection: C, peer: str) -> None:
        """It was answered, or refused, and may say something new."""
        for party in (self._all, self._peers.get(peer)):
            if party is not None and connection in party.known:
                party.silent[connection] = None

    def gone(self, connection: C, peer: str) -> None:
        """It is closed, or about to be."""
        self.busy(connection, peer)
        self._all.known.discard(connection)
        own = self._peers.get(peer)
        if own is not None:
            own.known.discard(connection)
            if not own.known:
                del self._peers[peer]

"""How much of anything the guard lets in."""

from __future__ import annotations

from dataclasses import dataclass

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class PathRule:
    """What one part of the address space takes instead of 64 KiB of JSON."""

    prefix: str
    media_types: frozenset[str] = frozenset({JSON})
    body_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds; the first rule whose prefix fits decides about a body.

    `repeatable` names the query parameters that are lists, and may come more than once. `hosts`
    are the names, without port, under which the gateway may be called; none means any. `at_once`
    is how many calls may wait for the beginning of their answer, those to `/health` not counted.
    `head_seconds` is for request line and headers together, `stall_seconds` for a caller to go on
    taking an answer. So many calls may come within `rate_seconds`, and 0 is no limit. `trusted_proxies` are addresses or networks of those who speak for others.
    `is_https` says that everybody comes over https, and is told to come no other way.
    """

    body_bytes: int = 65_536
    body_seconds: float = 15.0
    header_bytes: int = 16_384
    header_count: int = 64
    address_bytes: int = 8_192
    at_once: int = 1_000
    head_seconds: float = 10.0
    stall_seconds: float = 60.0
    connections: int = 5_000
    connections_per_peer: int = 2_500
    rate_seconds: int = 60
    calls_per_client: int = 60_000
    calls_per_controller: int = 120_000
    refusals_per_peer: int = 300
    callbacks_per_peer: int = 6_000
    trusted_proxies: tuple[str, ...] = ()
    repeatable: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    is_https: bool = False
    rules: tuple[PathRule, ...] = ()

    def rule(self, path: str) -> PathRule:
        """What a body sent to `path` may be."""
        fitting = (rule for rule in self.rules if path.startswith(rule.prefix))
        return next(fitting, PathRule("", body_bytes=self.body_bytes))

"""Who may call how often, and what they are told of it.

Clients and controllers are known by their token, and counted together by all processes. Whoever has
no token that is believed is known by the address they come from, and counted by each process alone,
in memory: what anybody may send must not become a write to the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

from avgate_gateway.guard.limit import Limits
from avgate_gateway.guard.rate import STANDING, Ledger, Policy, Rate, Standing
from avgate_gateway.problem import TOO_MANY_REQUESTS, Problem, ProblemError

_ONE_SITE = 64  # bits of an IPv6 address that one caller has in common, whatever it calls from


class Rates:
    """The limits of one process; those that are 0 are none."""

    def __init__(
        self,
        limits: Limits | None = None,
        ledger: Ledger | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        asked = limits or Limits(
            calls_per_client=0, calls_per_controller=0, refusals_per_peer=0, callbacks_per_peer=0
        )

        def rate(name: str, quota: int, ledger: Ledger | None = None) -> Rate | None:
            policy = Policy(name, quota, asked.rate_seconds)
            return Rate(policy, ledger, clock) if quota else None

        self._client = rate("client", asked.calls_per_client, ledger)
        self._controller = rate("controller", asked.calls_per_controller, ledger)
        self._refusals = rate("refusals", asked.refusals_per_peer)
        self._callbacks = rate("callbacks", asked.callbacks_per_peer)

    async def client(self, scope: Scope, controller: str, client_id: str) -> None:
        """Counts a call whose token is believed, which is told its standing; ProblemError, 429."""
        if self._client is not None:
            _tell(scope, await self._client.together(controller, client_id))
        if self._controller is not None:
            _tell(scope, await self._controller.together(controller))

    def refused(self, scope: Scope) -> None:
        """Counts a call whose token is not believed; raises ProblemError, 429, instead of a 401."""
        if self._refusals is not None:
            _hold(self._refusals.alone(_peer(scope)), {"connection": "close"})

    def callback(self, scope: Scope) -> None:
        """Counts a call of an upstream, or of whoever guesses; raises ProblemError, 429."""
        if self._callbacks is not None:
            _hold(self._callbacks.alone(_peer(scope)))


def _tell(scope: Scope, standing: Standing) -> None:
    """Only who is known is told: to others it says how much is called from behind their address."""
    scope.get(STANDING, []).append(standing)
    _hold(standing)


def _hold(standing: Standing, headers: Mapping[str, str] | None = None) -> None:
    if standing.is_within:
        return
    policy = standing.policy
    detail = f"There may be {policy.quota} within {policy.seconds} seconds."
    headers = {**(headers or {}), "retry-after": str(standing.seconds)}
    extra = {"violated-policies": [policy.name]}
    raise ProblemError(Problem(TOO_MANY_REQUESTS, detail, headers=headers, extra=extra))


def _peer(scope: Scope) -> str:
    """The address of whoever is connected; of IPv6, the network, for there is no end of addresses."""
    client = scope.get("client")
    try:
        address = ip_address(client[0] if client else "")
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), _ONE_SITE), strict=False))
    return str(address)

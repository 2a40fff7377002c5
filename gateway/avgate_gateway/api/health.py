"""Whether the upstreams answer, asked now and then and not at every look."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from avgate_contracts.connector import Connector
from avgate_contracts.errors import ConnectorError

_KEPT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Health:
    """What became of a check, and when; `kind` is the name of the error."""

    checked_at: datetime
    kind: str | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, object]:
        """As it stands in the JSON."""
        return {
            "ok": self.kind is None,
            "kind": self.kind,
            "reason": self.reason,
            "checked_at": self.checked_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Checks:
    """The last check of each controller's connectors, kept for half a minute.

    Those who ask while an upstream is being asked wait for the one answer: nobody can make the
    gateway call an upstream more often than that.
    """

    now: Callable[[], datetime]
    within_seconds: float = 5.0
    _last: dict[tuple[str, str], Health] = field(default_factory=dict)
    _turns: defaultdict[tuple[str, str], asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    async def of(self, controller: str, name: str, connector: Connector) -> Health:
        """The health of one connector, at most half a minute old."""
        key = controller, name
        async with self._turns[key]:
            last = self._last.get(key)
            if last is None or self.now() - last.checked_at >= _KEPT:
                last = self._last[key] = await self._checked(connector)
            return last

    async def _checked(self, connector: Connector) -> Health:
        try:
            async with asyncio.timeout(self.within_seconds):
                await connector.check()
        except ConnectorError as error:
            return Health(self.now(), type(error).__name__, str(error))
        except TimeoutError:
            return Health(self.now(), "TimeoutError", "it did not answer in time")
        except Exception as error:  # noqa: BLE001 -- a faulty connector must still be listed
            return Health(self.now(), type(error).__name__, "the connector itself failed")
        return Health(self.now())

"""Whether the upstreams answer, asked now and then and not at every look."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
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
    _asking: set[asyncio.Task[Health]] = field(default_factory=set)
    _turns: defaultdict[tuple[str, str], asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )

    def last(self, controller: str, name: str) -> Health | None:
        """The health of one connector as it was found last, without asking."""
        return self._last.get((controller, name))

    async def ask(
        self, controller: str, connectors: Mapping[str, Connector], patience: float
    ) -> None:
        """Has those asked that were not within half a minute, and waits so many seconds for them.

        What takes longer goes on in the background, and is known to whoever looks next.
        """
        asking = {
            asyncio.create_task(self.of(controller, name, connector))
            for name, connector in connectors.items()
            if self._is_old((controller, name)) and not self._turns[controller, name].locked()
        }
        self._asking.update(asking)
        for one in asking:
            one.add_done_callback(self._asking.discard)
        if asking:
            await asyncio.wait(asking, timeout=patience)

    async def stop(self) -> None:
        """Ends what goes on in the background: nobody is asked once the clients are closed."""
        for one in self._asking:
            one.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def _is_old(self, key: tuple[str, str]) -> bool:
        last = self._last.get(key)
        return last is None or self.now() - last.checked_at >= _KEPT

    async def of(self, controller: str, name: str, connector: Connector) -> Health:
        """The health of one connector, at most half a minute old."""
        key = controller, name
        async with self._turns[key]:
            if self._is_old(key):
                self._last[key] = await self._checked(connector)
            return self._last[key]

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

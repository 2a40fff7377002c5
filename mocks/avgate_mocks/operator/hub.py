"""Subscriptions to events, and the events (`/hub` of TMF632, TMF635 and TMF637).

An event is posted once to each callback as it was registered, whatever the answer. Only addresses
on this machine are called; others are kept, and left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from avgate_mocks.kernel import Kernel
from avgate_mocks.operator.answer import MEDIA_TYPE
from avgate_mocks.operator.refusal import RefusedError
from avgate_mocks.operator.shape import Resource, moment
from avgate_mocks.people import salt_of
from avgate_mocks.posting import Postman


@dataclass(frozen=True, slots=True)
class Subscription:
    """One listener of one controller to the events of one API, such as `/party/v4`."""

    id: str
    controller: str
    api: str
    callback: str
    query: str | None

    def as_json(self) -> Mapping[str, str]:
        known = {"id": self.id, "callback": self.callback, "query": self.query}
        return {name: value for name, value in known.items() if value is not None}

    def wants(self, event_type: str) -> bool:
        """`eventType=IndividualDeleteEvent` is the one query that narrows; any other is all."""
        name, _, value = (self.query or "").partition("=")
        return name != "eventType" or event_type in value.split(",")


class Hub:
    """All subscriptions."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._held: dict[str, Subscription] = {}
        self._made = 0
        self._postman = Postman()

    def register(self, controller: str, api: str, body: bytes) -> Subscription:
        """Raises RefusedError 400 for no usable callback, 409 for one that is registered."""
        callback, query = _wanted(body)
        known = {(one.controller, one.api, one.callback, one.query) for one in self._held.values()}
        if (controller, api, callback, query) in known:
            raise RefusedError(409, message="This callback is registered already")
        self._made += 1
        made = f"{salt_of(self._kernel.world.seed, 'hub', self._made):016x}"
        self._held[made] = Subscription(made, controller, api, callback, query)
        return self._held[made]

    def unregister(self, controller: str, api: str, subscription_id: str) -> None:
        """Raises RefusedError with status 404."""
        found = self._held.get(subscription_id)
        if found is None or (found.controller, found.api) != (controller, api):
            raise RefusedError(404)
        del self._held[subscription_id]

    def tell(self, controller: str, what: str, happened: str, resource: Resource) -> None:
        """Post an event such as "DeleteEvent" of an "individual"; the caller does not wait."""
        event_type = f"{what[0].upper()}{what[1:]}{happened}"
        for one in self._held.values():
            ours = one.controller == controller and resource["href"].find(f"{one.api}/") > 0
            if ours and one.wants(event_type):
                event = self._event(event_type, what, resource)
                self._postman.send(one.callback, orjson.dumps(event), MEDIA_TYPE)

    def _event(self, event_type: str, what: str, resource: Resource) -> Mapping[str, object]:
        self._made += 1
        return {
            "eventId": f"{salt_of(self._kernel.world.seed, 'event', self._made):016x}",
            "eventTime": moment(self._kernel.clock.now()),
            "eventType": event_type,
            "event": {what: resource},
        }


def _wanted(body: bytes) -> tuple[str, str | None]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError(400, message="The body is not JSON") from None
    callback = content.get("callback") if isinstance(content, dict) else None
    if not isinstance(callback, str) or not callback.startswith(("http://", "https://")):
        raise RefusedError(400, message="callback must be an address with http or https")
    query = content.get("query")
    if query is not None and not isinstance(query, str):
        raise RefusedError(400, message="query must be a string")
    return callback, query

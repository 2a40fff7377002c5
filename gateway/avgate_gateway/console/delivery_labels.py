"""What is said on pages of messages to other systems: what they tell, how far they are, what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avgate_gateway.notice import Event
from avgate_gateway.opendsr.calling import KIND as OPENDSR
from avgate_gateway.store.deliveries import Attempt, DeliveryState
from avgate_gateway.webhooks import delivering, post
from avgate_gateway.webhooks.outlets import CALLBACK, WEBHOOK

MESSAGES: Final[Mapping[str, str]] = {
    Event.RECEIVED: "a request was received",
    Event.IDENTIFIED: "identity was established",
    Event.RUNNING: "work on a request began, or goes on",
    Event.WAITING: "a request waits for somebody",
    Event.EXTENDED: "two more months were taken",
    Event.CLOSED: "a request was closed",
    Event.TASK_OPENED: "there is work by hand",
    Event.TASK_COMPLETED: "work by hand was reported done",
    Event.SETTLED: "a system is through for now",
    Event.RETURNED: "something that was erased came back",
    Event.TEST: "a test",
}
ARRIVALS: Final[Mapping[str, str]] = {
    DeliveryState.WAITING: "on its way",
    DeliveryState.DELIVERED: "arrived",
    DeliveryState.FAILED: "did not arrive",
    DeliveryState.HELD: "kept back",
}
RECEIVERS: Final[Mapping[str, str]] = {
    WEBHOOK: "is told of every request",
    CALLBACK: "is told of the requests that it brought",
    OPENDSR: "is told of the requests that it sent by OpenDSR",
}
_ARRIVED, _MOVED, _REFUSED, _UNKNOWN, _WANTS_NONE, _BUSY, _NOT_TAKEN, _BROKEN = (
    "arrived", "moved", "refused", "unknown", "wants_none", "busy", "not_taken", "broken",
)  # fmt: skip
ATTEMPTS: Final[Mapping[str, str]] = {
    _ARRIVED: "it arrived",
    _MOVED: "the receiver points to another address: give that one in the settings",
    _REFUSED: "the receiver did not believe it: look whether both have the same secret",
    _UNKNOWN: "the receiver does not know the address: look at it in the settings",
    _WANTS_NONE: "the receiver wants no more messages",
    _BUSY: "the receiver was too busy",
    _NOT_TAKEN: "the receiver did not take it",
    _BROKEN: "something is wrong at the receiver",
    post.NO_ANSWER: "no answer in time",
    post.UNREACHABLE: "the receiver cannot be reached",
    post.NOT_ALLOWED: "this address may not be called: look at the settings",
    delivering.UNADDRESSED: "there is nowhere to send it any more",
    delivering.FAULT: "something went wrong here: tell whoever runs the gateway",
}
NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "message": MESSAGES,
    "arrival": ARRIVALS,
    "receiver": RECEIVERS,
    "attempt": ATTEMPTS,
}
_OF_STATUS: Final[Mapping[int, str]] = {
    401: _REFUSED,
    403: _REFUSED,
    404: _UNKNOWN,
    410: _WANTS_NONE,
    429: _BUSY,
    503: _BUSY,
}
_OF_HUNDRED: Final[Mapping[int, str]] = {2: _ARRIVED, 3: _MOVED, 4: _NOT_TAKEN}


def became(tried: Attempt) -> str:
    """What became of an attempt, as a word of ATTEMPTS."""
    if tried.status is None:
        return tried.word
    of_hundred = _OF_HUNDRED.get(tried.status // 100, _BROKEN)
    return _OF_STATUS.get(tried.status, of_hundred)

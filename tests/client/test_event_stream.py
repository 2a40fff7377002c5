"""Server-sent events out of bytes: the same ones however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avgate_client.event_stream import EventStream, Message, NotAStreamError

TOLD = (
    b"\xef\xbb\xbf: still here\n\n"
    b'id: 1\nevent: request.received\ndata: {"a":\ndata: 1}\n\n'
    b"retry: 2500\r\nid:2\r\nevent: e\r\ndata:x\r\ndata:y\r\n\r\n"
    b"event: empty\n\n"
    b"data\rid: n\0ul\r\r"
    b"data: \xc3\xa9\xff\nid\n\n"
    b"data: never finished\n"
)  # fmt: skip
EVENTS = [
    Message("1", "request.received", '{"a":\n1}'),
    Message("2", "e", "x\ny"),
    Message("2", "message", ""),
    Message("", "message", "é\ufffd"),
]


@settings(max_examples=60)
@given(st.lists(st.integers(0, len(TOLD)), max_size=12))
def test_pieces_of_any_size_give_the_same_events(cuts: list[int]) -> None:
    stream = EventStream()
    pieces = [TOLD[a:b] for a, b in pairwise([0, *sorted(cuts), len(TOLD)])]
    assert [event for piece in pieces for event in stream.feed(piece)] == EVENTS
    assert stream.retry == 2.5


def test_byte_by_byte_too() -> None:
    stream = EventStream()
    assert [e for n in range(len(TOLD)) for e in stream.feed(TOLD[n : n + 1])] == EVENTS


@pytest.mark.parametrize("endless", [b"x" * 70_000, b"data: " + b"x" * 70_000 + b"\n"])
def test_what_has_no_end_does_not_fill_the_memory(endless: bytes) -> None:
    stream = EventStream()
    with pytest.raises(NotAStreamError):
        [stream.feed(endless) for _ in range(20)]


@pytest.mark.parametrize(
    ("told", "is_whole"),
    [
        (b"", True), (b": quiet\n\n", True), (b": quiet\n", True), (b"data: 1\n\n", True),
        (b"id: 7\n", False), (b"event: e\n", False), (b"data: 1\n", False), (b"da", False),
        (b": qui", False),
    ],
)  # fmt: skip
def test_an_end_in_the_middle_of_an_event_is_seen(told: bytes, is_whole: bool) -> None:
    stream = EventStream()
    stream.feed(told)
    assert stream.is_between_events is is_whole


def test_data_does_not_show() -> None:
    assert "jan" not in repr(Message("1", "e", "jan"))

"""The thread of one connection: what it is handed ends, also where no thread could be had before."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.own_thread import OwnThread


@contextmanager
def no_room_for_a_thread() -> Iterator[None]:
    """A stack larger than any address space that is left: starting one fails as it does in need."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = threading.stack_size(1 << 30)
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        threading.stack_size(before)


async def test_where_no_thread_can_be_had_the_next_step_asks_for_one_again() -> None:
    thread = OwnThread("tried")
    with no_room_for_a_thread(), pytest.raises(AwayError):
        await thread.wait_for(lambda: 1)
    assert thread.under_way == 0
    async with asyncio.timeout(10):
        assert await thread.wait_for(lambda: 2) == 2
    assert thread.under_way == 0
    thread.end()

"""Ruled time passes for as long as a run of all faults takes: years of it."""

from __future__ import annotations

import asyncio

from .ruled import RuledLoop


def test_what_is_due_comes_after_years_too() -> None:
    async def waits() -> None:
        for nth in range(300):
            await asyncio.sleep(86_400.1 + nth / 7)

    loop = RuledLoop(grace=0)
    try:
        loop.run_until_complete(waits())
        assert loop.time() > 300 * 86_400
    finally:
        loop.close()

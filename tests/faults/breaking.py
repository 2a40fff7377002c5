"""Answers that do not come, or come in a wrong way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .proxy import Answer, Exchange, Play

_JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_STOP = 64 * 1024 * 1024  # bytes after which something endless gives up on a reader without limits


def before(how: Callable[[Exchange], Awaitable[None]]) -> Play:
    return how


def after(how: Callable[[Exchange, Answer], Awaitable[None]]) -> Play:
    async def play(ex: Exchange) -> None:
        await how(ex, await ex.answer())

    return play


# Nothing comes, or nothing that is an answer.


async def silence(ex: Exchange) -> None:
    await ex.until_gone()


async def close(ex: Exchange) -> None:
    ex.close()


async def reset(ex: Exchange) -> None:
    ex.reset()


async def half_head(ex: Exchange) -> None:
    await ex.say(b"HTTP/1.1 200 OK\r\ncontent-ty")
    await ex.heard()
    ex.close()


async def head_then_reset(ex: Exchange) -> None:
    await ex.say(_JSON + b"content-length: 200\r\n\r\n")
    await ex.heard()
    ex.reset()


async def garbage(ex: Exchange) -> None:
    await ex.say(b"\x16\x03\x01\x00garbage\x00\xff\r\n\r\n")
    await ex.heard()
    ex.close()


async def endless_1xx(ex: Exchange) -> None:
    while ex.proxy.said < _STOP:
        await ex.say(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 40)
        await asyncio.sleep(0.25)


async def endless_head(ex: Exchange) -> None:
    await ex.say(_JSON)
    while ex.proxy.said < _STOP:
        await ex.say(b"x-more: " + b"a" * 5_000 + b"\r\n")
        await ex.heard()


async def drip_head(ex: Exchange) -> None:
    await ex.trickle(_JSON + b"x-more: 1\r\n" * 99, every=1.5)


# The answer comes, and something is wrong with the way it comes.


async def lost_close(ex: Exchange, _: Answer) -> None:
    ex.close()


async def lost_reset(ex: Exchange, _: Answer) -> None:
    ex.reset()


async def lost_silence(ex: Exchange, _: Answer) -> None:
    await ex.until_gone()


async def cut_fin(ex: Exchange, answer: Answer) -> None:
    raw = answer.raw()
    await ex.say(raw[: len(raw) - len(answer.body) // 2 - 1])
    await ex.heard()
    ex.close()


async def cut_rst(ex: Exchange, answer: Answer) -> None:
    raw = answer.raw()
    await ex.say(raw[: len(raw) - len(answer.body) // 2 - 1])
    await ex.heard()
    ex.reset()


async def reset_after(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw())
    await ex.heard()
    ex.reset()


async def too_long_close(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw(length=len(answer.body) + 9))
    await ex.heard()
    ex.close()


async def too_long_silence(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw(length=len(answer.body) + 9))
    await ex.until_gone()


async def too_short(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw(length=max(len(answer.body) - 9, 0)))


async def drip(ex: Exchange, answer: Answer) -> None:
    await ex.say(answer.raw()[: -len(answer.body) or None])
    await ex.trickle(answer.body, every=4)


async def crumbs(ex: Exchange, answer: Answer) -> None:
    raw = answer.raw()
    size = max(len(raw) // 40, 1)
    for place in range(0, len(raw), size):
        await ex.say(raw[place : place + size])
        await ex.heard()


async def slow(ex: Exchange, answer: Answer) -> None:
    """Thirty seconds to first byte, and then all of it: longer than any try may take."""
    await asyncio.sleep(30)
    await ex.say(answer.raw())


async def two(ex: Exchange, answer: Answer) -> None:
    smuggled = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
    await ex.say(answer.raw() + smuggled)


async def chunks_for_ever(ex: Exchange, answer: Answer) -> None:
    await ex.say(b"\r\n".join((*answer.head, b"transfer-encoding: chunked", b"", b"")))
    piece = answer.body or b" "
    while ex.proxy.said < _STOP:
        await ex.say(b"%x\r\n%b\r\n" % (len(piece), piece))


async def untold_for_ever(ex: Exchange, answer: Answer) -> None:
    """Without any length: until the connection ends, which it does not."""
    await ex.say(b"\r\n".join((*answer.head, b"connection: close", b"", b"")))
    while ex.proxy.said < _STOP:
        await ex.say(b" " * 65_536)


async def bad_chunk(ex: Exchange, answer: Answer) -> None:
    await ex.say(b"\r\n".join((*answer.head, b"transfer-encoding: chunked", b"", b"")))
    await ex.say(b"zz\r\n" + answer.body + b"\r\n0\r\n\r\n")
    await ex.heard()
    ex.close()

"""Answers that come whole, and say something else than the upstream did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

from .breaking import after
from .proxy import Answer, Exchange, Play


def says(status: str, body: bytes = b"", *fields: str, kind: str = "application/json") -> Play:
    """An answer of the proxy's own, in the place of the upstream's."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", *fields]

    async def play(ex: Exchange) -> None:
        await ex.say("\r\n".join([*lines, "", ""]).encode() + body)

    return play


def then_says(status: str, body: bytes = b"", kind: str = "application/json") -> Play:
    said = says(status, body, kind=kind)

    async def play(ex: Exchange) -> None:
        await ex.answer()
        await said(ex)

    return play


def changed(change: Callable[[bytes], bytes]) -> Play:
    async def how(ex: Exchange, answer: Answer) -> None:
        await ex.say(answer.raw(body=change(answer.body)))

    return after(how)


def coded(name: bytes, packed: bytes) -> Play:
    async def how(ex: Exchange, answer: Answer) -> None:
        head = (*answer.head, b"content-encoding: " + name)
        await ex.say(Answer(head, packed).raw())

    return after(how)


async def wrong_kind(ex: Exchange, answer: Answer) -> None:
    head = [line for line in answer.head if not line.lower().startswith(b"content-type")]
    await ex.say(Answer((*head, b"content-type: application/octet-stream"), answer.body).raw())


async def redirect_home(ex: Exchange) -> None:
    where = f"http://127.0.0.1:{ex.proxy.port}{ex.request.target}"
    await says("307 Temporary Redirect", b"", f"location: {where}")(ex)


def key_twice(body: bytes) -> bytes:
    """The first object with its own first key once more, and another value."""
    start = body.find(b'{"')
    if start < 0:
        return body + b'{"id":1,"id":2}'
    key = body[start + 1 : body.find(b'"', start + 2) + 1]
    return body[: start + 1] + key + b':"0",' + body[start + 1 :]


def dated(status: str, wait: timedelta) -> Play:
    async def play(ex: Exchange) -> None:
        until = format_datetime(ex.proxy.now() + wait, usegmt=True)
        await says(status, b"{}", f"retry-after: {until}")(ex)

    return play

"""Answers that are right, and to another question than was asked."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from .proxy import Exchange, Play


def instead(target: str) -> Play:
    async def play(ex: Exchange) -> None:
        await ex.say((await ex.answer(target)).raw())

    return play


async def misdirected(ex: Exchange) -> None:
    """The upstream is asked for something that it has never heard of."""
    path = ex.request.target.rsplit("/", 1)
    await ex.say((await ex.answer(f"{path[0]}/0{path[1][::-1]}0")).raw())


def page(rows: int) -> Play:
    async def play(ex: Exchange) -> None:
        parts = urlsplit(ex.request.target)
        query = dict(parse_qsl(parts.query))
        query["offset"] = str(max(int(query["offset"]) + rows, 0))
        await ex.say((await ex.answer(f"{parts.path}?{urlencode(query)}")).raw())

    return play


async def first_page(ex: Exchange) -> None:
    parts = urlsplit(ex.request.target)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "after"]
    await ex.say((await ex.answer(f"{parts.path}?{urlencode(query)}")).raw())

"""A copy that only its recipient can open, made while it is sent."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from random import Random
from threading import enumerate as threads

import pyrage
import pytest

from avgate_gateway.package import RecipientError, canonical, sealed_for

IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
REFUSED = (pyrage.DecryptError, OSError)  # the library's words for the head, and for the rest


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


async def sealed(*chunks: bytes) -> bytes:
    return b"".join([stretch async for stretch in sealed_for(KEY, stream(*chunks))])


def opened(content: bytes, identity: pyrage.x25519.Identity = IDENTITY) -> bytes:
    out = io.BytesIO()
    pyrage.decrypt_io(io.BytesIO(content), out, [identity])
    return out.getvalue()


@pytest.mark.parametrize(
    "chunks", [(), (b"a",), (b"x" * 65_536,), (b"y" * 300_001, b"", b"z"), (b"1" * 1000,) * 500]
)
async def test_the_recipient_reads_what_was_sent(chunks: tuple[bytes, ...]) -> None:
    content = await sealed(*chunks)
    assert content.startswith(b"age-encryption.org/v1\n")
    assert opened(content) == b"".join(chunks)


async def test_nobody_else_opens_it_and_no_two_are_alike() -> None:
    content = await sealed(b"plain" * 100)
    assert b"plain" not in content
    assert content != await sealed(b"plain" * 100)
    with pytest.raises(pyrage.DecryptError):
        opened(content, pyrage.x25519.Identity.generate())


async def test_what_was_changed_or_cut_off_is_refused() -> None:
    content = await sealed(b"p" * 200_000)
    luck = Random(7)  # noqa: S311 -- throws that can be repeated
    for _ in range(200):
        changed = bytearray(content)
        changed[luck.randrange(len(content))] ^= 1 << luck.randrange(8)
        with pytest.raises(REFUSED):
            opened(bytes(changed))
    for end in (0, 10, 200, 70_000, len(content) - 65_000, len(content) - 1):
        with pytest.raises(REFUSED):
            opened(content[:end])


async def test_no_more_is_read_than_somebody_takes() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"e" * 65_536

    async with aclosing(sealed_for(KEY, endless())) as stretches:
        for _ in range(3):
            await anext(stretches)
        seen, still = -1, 0
        while still < 100 and read < 16:  # until the thread waits for us, or has run away
            await asyncio.sleep(0.001)
            still = still + 1 if read == seen else 0
            seen = read
        assert read < 16
    assert not [one for one in threads() if one.name.startswith("sealing")]


async def test_a_stream_that_breaks_off_is_not_ended_as_if_it_were_whole() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"b" * 100_000
        raise ValueError("of the upstream")

    taken = bytearray()

    async def take() -> None:
        async for stretch in sealed_for(KEY, broken()):
            taken.extend(stretch)

    with pytest.raises(ValueError, match="of the upstream"):
        await take()
    with pytest.raises(REFUSED):
        opened(bytes(taken))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1],
        lambda key: f"{key[:-1]}{'q' if key[-1] != 'q' else 'p'}",
        lambda key: f" {key}",
        lambda _: "",
        lambda _: "age1",
        lambda _: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ",
        lambda _: str(IDENTITY),
        lambda _: "\N{LATIN SMALL LETTER A}ge1\N{FULLWIDTH LATIN SMALL LETTER Q}",
    ],
)
def test_what_is_no_key_of_a_recipient_is_refused(spoil: Callable[[str], str]) -> None:
    with pytest.raises(RecipientError):
        canonical(spoil(KEY))
    assert canonical(KEY) == KEY


async def test_what_ends_without_a_word_is_not_taken_for_a_whole() -> None:
    async def let_go() -> AsyncIterator[bytes]:
        yield b"p" * 200_000
        raise asyncio.CancelledError  # as of a read whose database is closed

    with pytest.raises(RuntimeError, match="not sealed to its end"):
        _ = [stretch async for stretch in sealed_for(KEY, let_go())]

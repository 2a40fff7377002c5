"""Plays a connector's stories with its upstream, and listens: what a recording is made from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from avgate_contracts.errors import ConnectorError
from avgate_contracts.http.library import network
from avgate_contracts.kit.clock import LiveClock
from avgate_contracts.kit.commands.retelling import OnStage
from avgate_contracts.kit.declared import Declared, person
from avgate_contracts.kit.fault_transport import FaultTransport
from avgate_contracts.kit.learning import ClashError
from avgate_contracts.kit.lint import lint
from avgate_contracts.kit.recording import recording
from avgate_contracts.kit.redaction import CompressedError, Given
from avgate_contracts.kit.secret import secrets_of
from avgate_contracts.kit.stage import Cast
from avgate_contracts.kit.story import Play, StoryError
from avgate_contracts.kit.tape import Meta, Tape
from avgate_contracts.vocabulary import Field


class NotRecordedError(Exception):
    """A story could not be recorded; each line of the message says why, and names nobody.

    `begun` is how far it went, where that may be kept: enough to see what is new in the answers.
    """

    def __init__(self, message: str, begun: Tape | None = None) -> None:
        super().__init__(message)
        self.begun = begun


async def recorded(suite: type[Declared], story: str, over: Mapping[str, Any]) -> Tape:
    """One story as it goes today, redacted and searched; `over` goes before the class's settings.

    Raises NotRecordedError where it cannot be played, or something in it may not be kept.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    async with _upstream(suite, over) as address:
        cast = _cast(suite, {**suite.settings, **address, **over})
        raw, ended = await _played(cast, story, now, suite.patience)
    secrets = set(secrets_of(cast.settings).values())
    try:
        tape = suite.redaction.redacted(raw, Given(_texts(cast), secrets))
    except (CompressedError, ClashError) as error:
        raise NotRecordedError(f"{story}: {error}") from None
    findings = lint(tape, f"{story}.yaml", secrets)
    if findings:
        raise NotRecordedError("\n".join(map(str, findings)))
    if ended is not None:
        raise NotRecordedError(f"{story}: {type(ended).__name__}: {ended}", tape)
    return tape


async def _played(
    cast: Cast, story: str, now: datetime, patience: float
) -> tuple[Tape, Exception | None]:
    """What was said, and what ended the story early, if anything did."""
    manifest = cast.connector.manifest
    ended: Exception | None = None
    with recording() as heard:
        upstream = network(cast.limits)
        clock = LiveClock(now, patience)
        transport = FaultTransport(upstream, cast.settings.credentials(), clock.now)
        try:
            await Play(cast, OnStage(clock, transport), patient=True).play(story)
        except (ConnectorError, StoryError) as error:
            ended = error
        finally:
            await upstream.aclose()
        return heard.tape(Meta.of(now, manifest.protocol, manifest.name, story)), ended


@asynccontextmanager
async def _upstream(
    suite: type[Declared], over: Mapping[str, Any]
) -> AsyncIterator[Mapping[str, str]]:
    """A fresh upstream if the class has one and no other address is given."""
    begin = None if "base_url" in over else suite.upstream
    opened: AbstractAsyncContextManager[Any] = begin() if begin else nullcontext()
    async with opened as told:
        yield {"base_url": told} if isinstance(told, str) else told or {}


def _cast(suite: type[Declared], settings: Mapping[str, Any]) -> Cast:
    kind = suite.connector
    return Cast(
        connector=kind,
        settings=kind.settings_type(**settings),
        limits=kind.manifest.limits,
        subject=person(suite.subject, "kit-subject"),
        stranger=person(suite.stranger, "kit-stranger"),
        changes={Field(name): value for name, value in suite.changes.items()},
    )


def _texts(cast: Cast) -> Collection[str]:
    known = (*cast.subject.identifiers, *cast.stranger.identifiers)
    return {*(one.value for one in known), *cast.changes.values()}

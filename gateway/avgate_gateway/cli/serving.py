"""`avgate serve`, `avgate work`: the long-running side."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
import uvicorn
import uvloop

from avgate_gateway.alone import AlreadyRunningError, alone
from avgate_gateway.assembly import Assembled, assemble
from avgate_gateway.authentication import KeyFileError
from avgate_gateway.changes import Changes
from avgate_gateway.checkpointing import EvidenceCutError, EvidenceKeyError
from avgate_gateway.cli.exits import CommandError
from avgate_gateway.cli.logs import LogFormat, configure
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, complaining, settings_of
from avgate_gateway.cli.supervised import READY, STOPPING, Supervisor
from avgate_gateway.cli.unusable import unusable
from avgate_gateway.engine import Engine
from avgate_gateway.http_server import configured
from avgate_gateway.logs.catalogue import PROCESS_STARTED, PROCESS_STOPPED
from avgate_gateway.logs.event import Level
from avgate_gateway.opendsr.key_file import ProcessorKeyError
from avgate_gateway.settings import Settings, SettingsError, check_places
from avgate_gateway.store.cut_short import AwayError
from avgate_gateway.store.granting import AccountError
from avgate_gateway.traces import Traces
from avgate_gateway.traces.opening import open_traces
from avgate_gateway.vault import VaultError

LogFormatOption = Annotated[
    LogFormat | None,
    typer.Option(help="How the log looks; text on a terminal and JSON elsewhere, if left out."),
]
_ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_ALLOCATIONS = 20_000  # between two rounds; Python's own 700 is for small programs
_EXPECTED = (
    SettingsError,
    AlreadyRunningError,
    VaultError,
    KeyFileError,
    EvidenceKeyError,
    EvidenceCutError,
    ProcessorKeyError,
    AccountError,
)


def serve(
    config: ConfigOption = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8080,
    log_format: LogFormatOption = None,
) -> None:
    """Answers HTTP and carries out requests, in one process."""
    settings = _settings(config, log_format)
    with starting(settings), _traces(settings) as traces:
        uvloop.run(_telling("serve", _serve(settings, traces, host, port)))


def work(config: ConfigOption = DEFAULT_CONFIG, log_format: LogFormatOption = None) -> None:
    """Carries out requests without answering HTTP."""
    settings = _settings(config, log_format)
    with starting(settings), _traces(settings) as traces:
        uvloop.run(_telling("work", _work(settings, traces)))


def _settings(config: Path, log_format: LogFormat | None) -> Settings:
    settings = settings_of(config)
    log = settings.log
    configure(
        Level[log.level.upper()], log_format or (LogFormat(log.format) if log.format else None)
    )
    return settings


@contextmanager
def _traces(settings: Settings) -> Iterator[Traces]:
    traces, end = open_traces(settings, os.environ)
    try:
        yield traces
    finally:
        end()


async def _telling(command: str, work: Coroutine[None, None, None]) -> None:
    PROCESS_STARTED.tell(command=command, release=version("avgate"))
    await work
    PROCESS_STOPPED.tell(command=command)


@contextmanager
def starting(settings: Settings) -> Iterator[None]:
    """Turns what keeps a gateway from running into one line that says what to look at."""
    look = f"check database in {settings.origins.path}, and whether it runs"
    with complaining(*_EXPECTED):
        check_places(settings)
        try:
            yield
        except AwayError as error:  # it says by itself what to look at
            raise unusable(error) from None
        except sa.exc.SQLAlchemyError as error:  # its message may hold rows
            raise unusable(error, look) from None
        except OSError as error:
            raise CommandError(
                f"{error.filename or error.strerror} cannot be used; {look}"
            ) from None


class _Server(uvicorn.Server):
    """Says on standard output where it listens, once it does: port 0 is known only then.

    At a signal it ends in order and returns. uvicorn's own then ends the process by that same signal,
    and nothing that comes after it is done.
    """

    supervisor = Supervisor(None, None)
    engine: Engine | None = None
    changes = Changes()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        _at_the_end(lambda number: self.handle_exit(number, None))
        await self._serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.supervisor.tell(STOPPING)
        self.changes.end()  # who waits for what happens next would wait for as long as may be
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn's: it says where the application failed, and nothing to do
            why = self.engine.kept_from_starting if self.engine is not None else None
            if why is None:
                raise
            raise why from None
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            _say(f"ready http://{f'[{host}]' if ':' in host else host}:{port}")
            self.supervisor.tell(READY)


def _say(line: str) -> None:
    """To whoever started it; that nobody reads it, or its disk is full, is no reason to end."""
    try:
        typer.echo(line)
    except OSError:  # what is left of it would be tried, and complained of, at the end again
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _at_the_end(told: Callable[[int], object]) -> None:
    """Has signals told that end the process; SIGHUP not where it was started by nohup."""
    loop = asyncio.get_running_loop()
    for number in _ENDS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, told, number)


async def _serve(settings: Settings, traces: Traces, host: str, port: int) -> None:
    with _listening(host, port) as listening:
        await _serve_on(settings, traces, listening)


async def _serve_on(settings: Settings, traces: Traces, listening: socket.socket) -> None:
    async with alone(settings.database) as for_good:
        assembled = assemble(settings, traces=traces)
        for_good()
        await assembled.checkpointer.compare()
        await assembled.checkpointer.announce()
        _leave_to_stay()
        config = configured(assembled.app(), assembled.limits, assembled.gateway.traffic)
        server = _Server(config)
        server.supervisor = Supervisor.of(os.environ)
        server.engine = assembled.engine
        server.changes = assembled.gateway.changes
        server.supervisor.watch(assembled.gateway.rounds)
        await server.serve(sockets=[listening])


def _leave_to_stay() -> None:
    """Takes what stays to the end out of the garbage collector's rounds, and has them less often.

    Half a million objects of the libraries are looked at in vain else, while everybody waits.
    """
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = (error.strerror or "").partition(" (")[0]
        raise CommandError(f"{host} port {port}: {why}; choose another --host or --port") from None


async def _work(settings: Settings, traces: Traces) -> None:
    async with alone(settings.database) as for_good:
        assembled: Assembled = assemble(settings, traces=traces)
        for_good()
        await assembled.checkpointer.compare()
        await assembled.checkpointer.announce()
        _leave_to_stay()
        stop = asyncio.Event()
        _at_the_end(lambda _: stop.set())
        supervisor = Supervisor.of(os.environ)
        supervisor.watch(assembled.gateway.rounds)
        async with assembled.running():
            supervisor.tell(READY)
            await stop.wait()
            supervisor.tell(STOPPING)

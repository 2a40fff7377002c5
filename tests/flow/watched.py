"""The doors of a database, watched: every statement of a call, and whose rows it may reach."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from avgate_gateway.store.connection import Connection
from avgate_gateway.store.database import Database, Doors
from avgate_gateway.store.found import Found

from .belonging import Reach

_GATEWAY = f"{Path('avgate_gateway', 'store')}/"
_PASSED = {"updating.py"}  # it makes statements for others
_REACH: ContextVar[Reach | None] = ContextVar("reach", default=None)  # of the call that goes on
Site = str  # a module of the store and a function in it


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement that could reach its controller's rows alone, and what was known when it was asked."""

    site: Site
    statement: Any
    values: Mapping[str, Any]
    reach: Reach


@dataclass(slots=True)
class Watch:
    """What was seen at the doors, of calls alone: what the engine does between them is let through."""

    allowed: Mapping[Site, str] = field(default_factory=dict)  # and why
    loose: set[str] = field(default_factory=set)
    seen: set[Site] = field(default_factory=set)
    used: set[Site] = field(default_factory=set)  # of those that are allowed
    bound: dict[Any, Bound] = field(default_factory=dict)
    asked: list[str] = field(
        default_factory=list
    )  # by the call that goes on, or was last, in order

    @contextmanager
    def call(self, controller: str | None) -> Iterator[None]:
        """Takes what happens until the block is left for one call of this controller's."""
        self.asked = []
        before = _REACH.set(Reach(controller))
        try:
            yield
        finally:
            _REACH.reset(before)

    def taken(self) -> list[str]:
        """What may have reached another's rows since it was asked last, a line for each statement."""
        found, self.loose = self.loose, set()
        return sorted(found)

    def turn_taken(self, request_id: str | None) -> None:
        """Notes whose row a transaction locks, and waits for, on PostgreSQL."""
        reach = _REACH.get()
        if reach is not None and request_id and ("request", request_id) not in reach.known:
            self.loose.add("a turn is taken to write for a request that may be anybody's")

    async def executed(self, db: Connection, statement: Any, parameters: Any) -> Any:
        reach = _REACH.get()
        if reach is None:
            return await db.execute(statement, parameters)
        sites = list(_sites())
        site = sites[0] if sites else "elsewhere"
        self.seen |= set(sites)
        text = " ".join(str(statement).split())
        self.asked.append(f"{site}: {text}")
        is_bound = True
        for values in parameters if isinstance(parameters, list) else [parameters or {}]:
            then = replace(reach, known=set(reach.known))
            tables = reach.loose(statement, values)
            if not tables:
                form = (site, statement._generate_cache_key().key, not then.known)
                self.bound.setdefault(form, Bound(site, statement, values, then))
            is_bound = is_bound and not tables
            reasons = self.allowed.keys() & sites
            if tables and reasons:
                self.used |= reasons
            elif tables:
                self.loose.add(f"{site} reaches anybody's {', '.join(tables)}: {text}")
        done = await db.execute(statement, parameters)
        if not is_bound or not _tells(statement):
            return done
        if isinstance(done, Found):
            reach.learn(statement, done.all())
            return done
        kept = done.freeze()
        reach.learn(statement, kept().all())
        return kept()


def watched(database: Database, watch: Watch) -> None:
    """Has all that goes through the doors of a database seen."""
    database._doors = _Doors(database._doors, watch)


def _tells(statement: Any) -> bool:
    return isinstance(statement, sa.SelectBase) or bool(getattr(statement, "_returning", ()))


def _sites() -> Iterator[Site]:
    """The functions of the store that have a statement executed, the innermost first."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        _, is_there, file = frame.f_code.co_filename.rpartition(_GATEWAY)
        if is_there and file not in _PASSED:
            yield f"{file.removesuffix('.py')}.{frame.f_code.co_name}"
        frame = frame.f_back


def asked_by(folder: Path) -> set[Site]:
    """The functions of the store that wait for the database, and that the modules of a folder call."""
    found: set[Site] = set()
    for tree in (ast.parse(file.read_text()) for file in folder.glob("*.py")):
        nodes = list(ast.walk(tree))
        names = {
            one.asname or one.name: one.name
            for node in nodes
            if isinstance(node, ast.ImportFrom) and node.module == "avgate_gateway.store"
            for one in node.names
        }
        for node in nodes:
            match node:
                case ast.Call(func=ast.Attribute(ast.Name(name), attr)) if name in names:
                    module = import_module(f"avgate_gateway.store.{names[name]}")
                    if inspect.iscoroutinefunction(getattr(module, attr)):
                        found.add(f"{names[name]}.{attr}")
    return found


@dataclass(slots=True)
class _Doors:
    doors: Doors
    watch: Watch

    def read(self) -> AbstractAsyncContextManager[Connection]:
        return _Block(self.doors.read(), self.watch)

    def write(
        self, request_id: str | None = None, *, ahead: bool = False
    ) -> AbstractAsyncContextManager[Connection]:
        self.watch.turn_taken(request_id)
        return _Block(self.doors.write(request_id, ahead=ahead), self.watch)

    async def close(self) -> None:
        await self.doors.close()


@dataclass(slots=True)
class _Block:
    block: AbstractAsyncContextManager[Connection]
    watch: Watch

    async def __aenter__(self) -> Connection:
        return _Connection(await self.block.__aenter__(), self.watch)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> bool | None:
        return await self.block.__aexit__(kind, error, at)


@dataclass(slots=True)
class _Connection:
    db: Connection
    watch: Watch

    @property
    def dialect(self) -> sa.Dialect:
        return self.db.dialect

    @property
    def info(self) -> Any:
        return self.db.info

    async def execute(self, statement: Any, parameters: Any = None, /) -> Any:
        return await self.watch.executed(self.db, statement, parameters)

"""What is asked of each connector, and how it ends, told in a way that can be compared.

A `Told` maps each thing that an operation speaks of to what it says of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, TypeAlias

import avgate_contracts as sdk

from .stage import Stage

Told: TypeAlias = Mapping[str, str]
Pair: TypeAlias = tuple[str, str]
SET_ASIDE = "set aside"  # an answer that is not about the subject: the gateway tells a person
_BEFOREHAND = 10**9  # a seed of its own: an id that comes again is the same request
_LONGEST = 1024 * 1024  # bytes of attachments, after which a reader has had enough


class TooMuchError(Exception):
    """A file has no end; its reader, who holds nothing of it, has to stop."""


@dataclass
class Scene:
    """What an operation needs to know; made once for a mock that nothing has happened to."""

    subject: sdk.DataSubject
    items: Sequence[sdk.ItemRef] = ()
    changes: Sequence[sdk.ItemChange] = ()
    job: str = ""
    etags: Mapping[str, str] = field(default_factory=dict)


Do: TypeAlias = Callable[[Any, Scene], Awaitable[Told]]
Prepare: TypeAlias = Callable[[Any, Scene], Awaitable[Scene]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`writes`: it has an effect. `prepare` is done in peace, on a fresh mock."""

    do: Do
    prepare: Prepare | None = None
    writes: bool = False


def known_by(person: Any) -> sdk.DataSubject:
    made = (
        sdk.Identifier(sdk.IdentifierKind(i.kind.value), i.value, i.valid_from, i.valid_until)
        for i in person.identifiers()
    )
    return sdk.DataSubject(person.id, tuple(made))


async def _check(connector: Any, _: Scene) -> Told:
    await connector.check()
    return {"check": "passed"}


async def _access(connector: Any, scene: Scene) -> Told:
    return {ref: said async for ref, said in _found(connector.access(scene.subject), scene)}


async def _export(connector: Any, scene: Scene) -> Told:
    return {ref: said async for ref, said in _found(connector.export(scene.subject), scene)}


async def _found(findings: AsyncIterator[sdk.Finding], scene: Scene) -> AsyncIterator[Pair]:
    """Each finding by its name; what names nobody the gateway does not hand out."""
    async for finding in findings:
        if isinstance(finding, sdk.Unseen):
            yield f"unseen {finding.part}", str(finding.why)
            continue
        if not scene.subject.known_by(finding.identifiers):
            yield finding.item.ref, SET_ASIDE
            continue
        said = sha256(repr((finding.data, finding.fields, finding.identifiers)).encode())
        for attachment in finding.attachments:
            size = 0
            async with attachment.open() as chunks:
                async for chunk in chunks:
                    said.update(chunk)
                    size += len(chunk)
                    if size > _LONGEST:
                        raise TooMuchError
        yield finding.item.ref, said.hexdigest()


async def _rectify(connector: Any, scene: Scene) -> Told:
    return _outcomes(await connector.rectify(scene.changes, key="rectify-1"))


async def _erase(connector: Any, scene: Scene) -> Told:
    return _outcomes(await connector.erase(scene.items, key="erase-1"))


async def _confirm(connector: Any, scene: Scene) -> Told:
    return _outcomes(await connector.confirm(scene.job, scene.items))


async def _still_held(connector: Any, scene: Scene) -> Told:
    held = {item.ref for item in await connector.still_held(scene.items)}
    return {item.ref: "held" if item.ref in held else "gone" for item in scene.items}


async def _published(connector: Any, scene: Scene) -> Told:
    found = await connector.published(scene.etags)
    return {one.provider: sha256(repr(one.processors).encode()).hexdigest() for one in found}


def _outcomes(outcomes: Sequence[sdk.ItemOutcome]) -> Told:
    return {one.ref: word_of(one.outcome) for one in outcomes}


def word_of(outcome: sdk.Outcome) -> str:
    match outcome:
        case sdk.Completed(effect):
            return {
                sdk.Effect.ALREADY_GONE: "gone",
                sdk.Effect.ALREADY_RIGHT: "right",
            }.get(effect, str(effect))
        case sdk.Unknown():
            return "unknown"
        case sdk.Pending():
            return "pending"
        case sdk.NothingHeld():
            return "nothing_held"
        case sdk.Refused() | sdk.Failed() | sdk.Unsupported():
            return type(outcome).__name__.lower()


# What is done beforehand, by a connector that the proxy leaves in peace.


async def located(connector: Any, scene: Scene) -> Scene:
    """One item of each sort, so that a table of faults stays a table of faults."""
    found = [f async for f in connector.access(scene.subject) if isinstance(f, sdk.Record)]
    every, seen = list[sdk.Record](), set[tuple[str, str]]()
    for record in found:
        item = record.item
        sort = (item.category, item.ref.split("/")[0] if "/p" not in item.ref else item.ref)
        if sort not in seen or item.category is sdk.Category.DIRECTORY_LISTING:
            seen.add(sort)
            every.append(record)
    return replace(scene, items=[r.item for r in every], changes=_changes(every))


def _changes(records: Sequence[sdk.Record]) -> list[sdk.ItemChange]:
    made = []
    for record in records:
        wanted = {
            sdk.Field.NAME_FAMILY: "Vries",
            sdk.Field.BANK_ACCOUNT: "NL02ABNA0123456789",
        }
        changes = tuple(
            sdk.FieldChange(name, values[0], wanted[name])
            for name, values in record.fields.items()
            if name in wanted
        )
        if changes:
            made.append(sdk.ItemChange(record.item, changes))
    return made


async def _erased(connector: Any, scene: Scene) -> Scene:
    found = await located(connector, scene)
    outcomes = await connector.erase(found.items, key="erase-1")
    jobs = [one.outcome.job for one in outcomes if isinstance(one.outcome, sdk.Pending)]
    await asyncio.sleep(3 * 3600)
    if not jobs:
        return found
    refs = {one.ref for one in outcomes if getattr(one.outcome, "job", "") == jobs[0]}
    theirs = [item for item in found.items if item.ref in refs]
    return replace(found, job=jobs[0], items=theirs)


_READS = {
    "check": Operation(_check),
    "access": Operation(_access),
    "export": Operation(_export),
    "still_held": Operation(_still_held, located),
    "verify": Operation(_still_held, _erased),
}
_RECTIFY = {"rectify": Operation(_rectify, located, writes=True)}
_ERASE = {"erase": Operation(_erase, located, writes=True)}
_CONFIRM = {"confirm": Operation(_confirm, _erased)}
_DIRECTORY = {name: one for name, one in _READS.items() if name != "export"}
OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "operator": {**_READS, **_RECTIFY, **_ERASE},
    "xelion": {**_READS, **_RECTIFY, **_ERASE},
    "directory": {**_DIRECTORY, **_RECTIFY, **_ERASE, **_CONFIRM},
    "subprocessors": {**_READS, **_ERASE, **_CONFIRM, "published": Operation(_published)},
}


async def prepared(stage: Stage, operation: Operation) -> Scene:
    scene = Scene(known_by(stage.subject))
    if operation.prepare is None:
        return scene
    async with stage.connector(seed=_BEFOREHAND) as connector:
        return await operation.prepare(connector, scene)

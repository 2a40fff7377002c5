"""`avgate audit …`: whether the evidence is whole, and what an outsider needs to see that too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from avgate_gateway import stretches
from avgate_gateway.checkpointing import (
    EvidenceKeyError,
    open_evidence_key,
    trusted,
)
from avgate_gateway.cli import comparing, restoring
from avgate_gateway.cli.advancing import advancing
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.looking_in import with_database
from avgate_gateway.cli.options import DEFAULT_CONFIG, ConfigOption, complaining, settings_of
from avgate_gateway.opening import file_of, open_ring
from avgate_gateway.proof import NotProvenYetError, logged, proven
from avgate_gateway.proving.examination import MisfitError
from avgate_gateway.proving.note import NoteError, believed, opened_key, signer, verifier_key
from avgate_gateway.settings import Settings
from avgate_gateway.store import checkpoints, encrypted_file, evidence
from avgate_gateway.store.database import Database
from avgate_gateway.stretches import Log, Place, UnreadableError, Whole
from avgate_gateway.witness import Witness

_PAGE = 5000

app = typer.Typer(
    help="Checks the evidence, and gives proofs of it to others.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def audit() -> None:
    """Checks the evidence, and gives proofs of it to others."""


@app.command()
def verify(
    config: ConfigOption = DEFAULT_CONFIG,
    expect: Annotated[
        str | None,
        typer.Option(
            help="A digest printed earlier, which must still be in the chain: "
            "entries cut off at the end show by it where no checkpoint does."
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="A key of checkpoints that is believed too, as `avgate audit keys` prints it."
        ),
    ] = None,
    outcomes: Annotated[
        bool,
        typer.Option(
            "--outcomes",
            help="Looks too whether the rows of closed requests say what the evidence says became of them.",
        ),
    ] = False,
) -> None:
    """Reads every entry again, and names the first that is wrong.

    That is one that was changed, removed, moved or put in.
    """
    settings = settings_of(config)
    with complaining(NoteError):
        others = [opened_key(one) for one in key or ()]
    log = with_database(settings, lambda db: _log(settings, db, others, expect))
    try:
        with advancing("entries", log.length) as told:
            found = stretches.examined(log, told)
    except MisfitError as error:
        raise CommandError(str(error), Exit.WRONG) from None
    except UnreadableError as error:
        raise CommandError(str(error), Exit.WRONG) from None
    except BrokenExecutor:
        raise CommandError("a process that read the evidence was killed: out of memory?") from None
    _insist(found)
    typer.echo(f"the chain is whole: {found.length} entries; the last digest is {found.last}")
    if outcomes:
        comparing.compare(partial(with_database, settings))


@app.command()
def checkpoint(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Prints the newest signed checkpoint.

    On standard error: the key that it is signed with.
    """
    settings = settings_of(config)

    async def newest(database: Database) -> tuple[str, Ed25519PublicKey] | None:
        keys = await _trusted(settings, database, ())
        async with database.read() as db:
            found = await checkpoints.newest(db)
        return (found.note, signer(found.note, *keys)) if found else None

    with complaining(NoteError):
        signed = with_database(settings, newest)
    if signed is None:
        raise CommandError("nothing was signed yet: a running gateway does so within half a minute")
    typer.echo(verifier_key(signed[1]), err=True)
    typer.echo(signed[0], nl=False)


@app.command()
def proof(
    request_id: Annotated[str, typer.Argument(help="The request's id.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Prints what proves one request's evidence to an outsider."""
    settings = settings_of(config)

    async def made(database: Database) -> str:
        keys = await _trusted(settings, database, ())
        async with database.read() as db:
            return json.dumps(await proven(db, request_id, *keys), separators=(",", ":"))

    try:
        typer.echo(with_database(settings, made))
    except NotProvenYetError:
        message = "no checkpoint covers this request: none is known, or it changed a moment ago"
        raise CommandError(message) from None
    except NoteError as error:
        raise CommandError(f"the newest checkpoint does not hold: {error}", Exit.WRONG) from None


@app.command()
def keys(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Prints the keys that checkpoints are signed with.

    This machine's, and those that others announced in the evidence.
    """
    settings = settings_of(config)

    async def known(database: Database) -> list[str]:
        return [verifier_key(one) for one in await _trusted(settings, database, ())]

    for one in dict.fromkeys(with_database(settings, known)):
        typer.echo(one)


@app.command()
def export(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Prints the whole log for an independent check.

    The entries, one in a line, then the checkpoints.
    """
    settings = settings_of(config)

    async def printed(database: Database) -> None:
        after = 0
        async with database.read() as db:  # first: none may tell of entries that come later
            signed = await checkpoints.all_of_them(db)
            length = await checkpoints.length(db)
        with advancing("entries", length) as told:
            while True:
                async with database.read() as db:
                    page = await evidence.entries(db, after=after, limit=_PAGE)
                for entry in page:
                    typer.echo(json.dumps(logged(entry), separators=(",", ":")))
                if len(page) < _PAGE:
                    break
                after = page[-1].sequence
                told(after)
        for row in signed:
            typer.echo(json.dumps({"checkpoint": row.note}))

    with_database(settings, printed)


@app.command()
def acknowledge(
    config: ConfigOption = DEFAULT_CONFIG,
    pause: Annotated[
        str | None,
        typer.Option(
            metavar="WHY",
            help="Begins no work at any system until each is resumed: what was decided since the "
            "backup is not known any more.",
        ),
    ] = None,
) -> None:
    """Says that it was you who restored the database.

    The witness of later evidence is set aside: keep it with the backup.
    """
    settings = settings_of(config)
    witness = Witness(settings.checkpoints_file)
    is_there = witness.path.exists()
    if not is_there and pause is None:
        raise CommandError(f"there is no {witness.path.name} to set aside")
    for line in with_database(settings, partial(restoring.held_back, settings, pause)):
        typer.echo(line)
    if is_there:
        kept = witness.set_aside(datetime.now(UTC))
        typer.echo(f"what was signed before is kept in {kept.name}; keep it with the backup")


def _insist(found: Whole) -> None:
    """Raises CommandError where the chain is whole, and something else is not."""
    if not found.has_expected:
        raise CommandError("the expected digest is not in the chain: its end is gone", Exit.WRONG)
    if found.damaged_pages:
        message = (
            f"{found.damaged_pages} pages of the database were changed; restore it from a backup"
        )
        raise CommandError(message, Exit.WRONG)


async def _log(
    settings: Settings, database: Database, others: Sequence[Ed25519PublicKey], expect: str | None
) -> Log:
    """What there is to read: what was signed first, so that none tells of entries that come later."""
    roots = await _signed(settings, database, others)
    async with database.read() as db:
        length = await checkpoints.length(db)
    path = file_of(settings)
    file_key = encrypted_file.open_key(path, open_ring(settings)) if path else None
    place = Place(settings.database, file_key, database.attesting.key)
    return Log(place, length, roots, expect)


async def _signed(
    settings: Settings, database: Database, others: Sequence[Ed25519PublicKey]
) -> dict[int, bytes]:
    """Every root that was signed, by size: the database's, and those that only the witness has yet."""
    outside = Witness(settings.checkpoints_file).notes()  # first: each was in the database before
    async with database.read() as db:
        notes = [row.note for row in await checkpoints.all_of_them(db)]
    known = set(notes)
    notes += [note for note in outside[-1:] if note not in known]
    if not notes:
        return {}
    try:
        keys = await _trusted(settings, database, others)
        told = [believed(note, *keys) for note in notes]
    except NoteError as error:
        raise CommandError(f"a checkpoint does not hold: {error}", Exit.WRONG) from None
    for note in outside[:-1]:
        with suppress(NoteError):  # a disk that was full may have cut it short
            told += [believed(note, *keys)] if note not in known else []
    roots: dict[int, bytes] = {}
    for one in told:
        if roots.setdefault(one.size, one.root) != one.root:
            message = f"two checkpoints tell different things of {one.size} entries"
            raise CommandError(message, Exit.WRONG)
    return roots


async def _trusted(
    settings: Settings, database: Database, others: Sequence[Ed25519PublicKey]
) -> Sequence[Ed25519PublicKey]:
    """This machine's key, those given, and, where it can be told who announced them, the others'."""
    own = [_key(settings).public_key()] if settings.evidence_key_file.exists() else []
    if database.attesting.key is None:
        return [*own, *others]
    async with database.read() as db:
        return await trusted(db, *own, *others)


def _key(settings: Settings) -> Ed25519PrivateKey:
    if not settings.evidence_key_file.exists():
        raise CommandError(
            f"{settings.evidence_key_file} is missing: checkpoints are signed with it"
        )
    try:
        return open_evidence_key(settings.evidence_key_file)
    except (EvidenceKeyError, OSError) as error:
        raise CommandError(str(error)) from None

"""Dozens of ways to tamper with the evidence: our verifier, and one that has nothing of ours, name the same entry."""

from __future__ import annotations

import asyncio
import re
import runpy
import shutil
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from avgate_gateway import key_sources, stretches
from avgate_gateway.checkpointing import Checkpointer, open_evidence_key
from avgate_gateway.cli.exits import Exit
from avgate_gateway.cli.running import run
from avgate_gateway.keyring import KeyRing
from avgate_gateway.proving.examination import MisfitError
from avgate_gateway.proving.note import Checkpoint, believed, signed, verifier_key
from avgate_gateway.store import encrypted_file, evidence, keyring
from avgate_gateway.store.database import Database
from avgate_gateway.store.migrations import brought_up
from avgate_gateway.stretches import Place
from avgate_gateway.vault import Vault
from avgate_gateway.witness import Witness

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_evidence.py"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONFIG = 'database = "sqlite:///avgate.db"\n[controllers.c]\ntitle = "L"\nretention = "libervoice-2019"\n'
SIGNED = (16, 32, 40)
LENGTH = 44  # the last four are signed by nobody yet
WHOLE, CUT, NOTE, TWO = "whole", "the end is gone", "a checkpoint", "two checkpoints"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Log:
    """A gateway's folder, whose evidence somebody can write and both verifiers read."""

    folder: Path

    def key(self) -> bytes:
        ring = KeyRing(key_sources.from_file(self.folder / "avgate.key"))
        return encrypted_file.open_key(self.folder / "avgate.db", ring)

    def evidence_key(self) -> bytes:
        ring = KeyRing(key_sources.from_file(self.folder / "avgate.key"))
        url = f"sqlite:///{self.folder / 'avgate.db'}"
        with brought_up(url, self.key()) as connection:
            return Vault(ring, keyring.adopt(connection, ring)).evidence_key

    def change(self, *statements: str) -> None:
        """Writes into the encrypted file, as whoever has its key can."""
        opened = encrypted_file.connect(self.folder / "avgate.db", self.key())
        with closing(opened):
            for statement in statements:
                opened.execute(statement)

    def rows(self) -> list[list[Any]]:
        opened = encrypted_file.connect(self.folder / "avgate.db", self.key())
        with closing(opened):
            return [list(row) for row in opened.execute("SELECT * FROM evidence ORDER BY sequence")]

    def write(self, rows: list[list[Any]]) -> None:
        opened = encrypted_file.connect(self.folder / "avgate.db", self.key())
        with closing(opened):
            opened.execute("DELETE FROM evidence")
            opened.executemany("INSERT INTO evidence VALUES (?,?,?,?,?,?,?,?,?)", rows)

    def relink(self, rows: list[list[Any]]) -> None:
        """Numbers and digests all of them anew, as who knows how digests are made would."""
        previous = evidence.BEGINNING
        for number, row in enumerate(rows, 1):
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row[1])
            content = evidence.content_of(at, *row[2:6])
            row[0], row[6] = number, previous
            row[7] = previous = evidence.digested(number, content, previous)
        self.write(rows)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Forty-four entries in an encrypted file, signed three times, and a copy of it before the last time."""
    folder = tmp_path_factory.mktemp("pristine")
    (folder / "avgate.toml").write_text(CONFIG)
    key_sources.make_file(folder / "avgate.key")
    ring = KeyRing(key_sources.from_file(folder / "avgate.key"))
    url = f"sqlite:///{folder / 'avgate.db'}"
    file_key = encrypted_file.open_key(folder / "avgate.db", ring)
    with brought_up(url, file_key) as connection:
        vault = Vault(ring, keyring.adopt(connection, ring))
    asyncio.run(_filled(folder, Database(url, file_key), vault.evidence_key))
    return Log(folder)


async def _filled(folder: Path, database: Database, key: bytes) -> None:
    database.attesting.key = key
    own = open_evidence_key(folder / "avgate-evidence.pem")
    checkpointer = Checkpointer(
        database, own, Witness(folder / "avgate-checkpoints.txt"), lambda: NOON
    )
    for number in range(1, LENGTH + 1):
        at = NOON + timedelta(seconds=number, microseconds=number % 2)
        event = "effect.intended" if number % 2 else "effect.ended"
        told = {"key": f"k{(number + 1) // 2}", "items": number}
        request = f"{(number + 1) // 2 % 7:08x}-0000-4000-8000-000000000000"
        async with database.write() as db:
            await evidence.append(db, at, "c", request, event, told)
        if number in SIGNED:
            await checkpointer.sign()
        if number == 32:
            shutil.copy(folder / "avgate.db", folder / "older.db")
            with suppress(FileNotFoundError):
                shutil.copy(folder / "avgate.db-wal", folder / "older.db-wal")
    await database.close()


@pytest.fixture
def log(pristine: Log, tmp_path: Path) -> Log:
    copied = Log(tmp_path / "copy")
    shutil.copytree(pristine.folder, copied.folder)
    return copied


def flipped(column: str, number: int) -> Callable[[Log], None]:
    """One bit of one field of one entry."""

    def tamper(log: Log) -> None:
        rows = log.rows()
        places = ("sequence", "at", "controller", "request_id", "event", "details", "previous", "digest", "code")  # fmt: skip
        row, place = rows[number - 1], places.index(column)
        match row[place]:
            case int(found):
                row[place] = found ^ 1
            case str(found):
                row[place] = found[:-1] + chr(ord(found[-1]) ^ 1)
            case bytes(found):
                row[place] = found[:-1] + bytes([found[-1] ^ 1])
            case _:
                row[place] = "1"
        log.write(rows)

    return tamper


def sql(*statements: str) -> Callable[[Log], None]:
    return lambda log: log.change(*statements)


def removed(first: int, last: int) -> Callable[[Log], None]:
    return sql(f"DELETE FROM evidence WHERE sequence BETWEEN {first} AND {last}")  # noqa: S608 -- numbers of ours


def swapped(one: int, other: int) -> Callable[[Log], None]:
    def tamper(log: Log) -> None:
        rows = log.rows()
        rows[one - 1][0], rows[other - 1][0] = other, one
        log.write(rows)

    return tamper


def relinked(change: Callable[[list[list[Any]]], object]) -> Callable[[Log], None]:
    def tamper(log: Log) -> None:
        rows = log.rows()
        change(rows)
        log.relink(rows)

    return tamper


def cut_loose(number: int) -> Callable[[Log], None]:
    """An entry that fits itself, and nothing before it."""

    def tamper(log: Log) -> None:
        rows = log.rows()
        row = rows[number - 1]
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row[1])
        row[6] = "1" * 64
        row[7] = evidence.digested(number, evidence.content_of(at, *row[2:6]), row[6])
        log.write(rows)

    return tamper


def put_in(place: int, copied: int) -> Callable[[Log], None]:
    """A copy of an entry put before another, the rest moved by one and nothing linked."""

    def tamper(log: Log) -> None:
        rows = log.rows()
        rows.insert(place - 1, list(rows[copied - 1]))
        for number, row in enumerate(rows, 1):
            row[0] = number
        log.write(rows)

    return tamper


def note(size: int, change: Callable[[str], str]) -> Callable[[Log], None]:
    def tamper(log: Log) -> None:
        opened = encrypted_file.connect(log.folder / "avgate.db", log.key())
        with closing(opened):
            [(found,)] = opened.execute("SELECT note FROM checkpoint WHERE size = ?", (size,))
            opened.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (change(found), size))

    return tamper


def signed_by_another(found: str) -> str:
    told = found.split("\n")
    other = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
    own = Checkpoint(int(told[1]), bytes(32), NOON)
    return signed(own, other)


def forked(log: Log) -> None:
    """The witness has another checkpoint over as much, signed with the right key."""
    key = open_evidence_key(log.folder / "avgate-evidence.pem")
    Witness(log.folder / "avgate-checkpoints.txt").add(signed(Checkpoint(40, bytes(32), NOON), key))


def older_copy(log: Log) -> None:
    for name in ("", "-wal"):
        (log.folder / f"avgate.db{name}").unlink(missing_ok=True)
        if (log.folder / f"older.db{name}").exists():
            (log.folder / f"older.db{name}").rename(log.folder / f"avgate.db{name}")


FIELDS = ("at", "controller", "request_id", "event", "details", "previous", "digest")
# What was done, and what is said of it: an entry's number, or other words.
TAMPERS: dict[str, tuple[Callable[[Log], None], int | str]] = {
    "nothing at all": (sql(), WHOLE),
    **{f"a bit of {name} of the {n}th": (flipped(name, n), n) for name in FIELDS for n in (1, 7, 40)},
    "a bit of the number": (flipped("sequence", 44), 44),
    **{f"the {n}th removed": (removed(n, n), n) for n in (1, 2, 16, 17, 39)},
    "the first nine removed": (removed(1, 9), 1),
    "a dozen in the middle removed": (removed(20, 31), 20),
    "all from the 33rd removed": (removed(33, 99), CUT),
    "all removed": (removed(1, 99), CUT),
    "the last that is signed and all behind": (removed(40, 99), CUT),
    "one cut loose from those before": (cut_loose(17), 17),
    "neighbours swapped": (swapped(7, 8), 7),
    "the first two swapped": (swapped(1, 2), 1),
    "the first and the last swapped": (swapped(1, 44), 1),
    "entries far apart swapped": (swapped(12, 38), 12),
    "one put in twice": (put_in(9, 8), 9),
    "a copy of the first put behind": (put_in(30, 1), 30),
    "one put at the beginning": (put_in(1, 20), 1),
    "details exchanged with another's": (sql("UPDATE evidence SET details = (SELECT details FROM evidence WHERE sequence = 5) WHERE sequence = 25"), 25),
    "all fields but the number exchanged": (sql("UPDATE evidence SET (at, event, details, previous, digest, code) = (SELECT at, event, details, previous, digest, code FROM evidence WHERE sequence = 5) WHERE sequence = 25"), 25),
    "digest in capitals": (sql("UPDATE evidence SET digest = upper(digest) WHERE sequence = 11"), 11),
    "an empty digest": (sql("UPDATE evidence SET digest = '' WHERE sequence = 11"), 11),
    "a blank behind the details": (sql("UPDATE evidence SET details = details || ' ' WHERE sequence = 23"), 23),
    "a second moved": (sql("UPDATE evidence SET at = at + 1000000 WHERE sequence = 23"), 23),
    "all moments moved": (sql("UPDATE evidence SET at = at + 1"), 1),
    "two at a time, the first counts": (sql("UPDATE evidence SET at = at + 1 WHERE sequence IN (19, 37)"), 19),
    "one removed and all linked anew": (relinked(lambda rows: rows.pop(13)), 16),
    "two swapped and all linked anew": (relinked(lambda rows: rows.insert(18, rows.pop(20))), 32),
    "one put in and all linked anew": (relinked(lambda rows: rows.insert(33, list(rows[2]))), 40),
    "the last signed one removed and linked anew": (relinked(lambda rows: rows.pop(39)), 40),
    "the signature of a checkpoint": (note(32, lambda found: found[:-6] + "AAAA==\n"), NOTE),
    "the size of a checkpoint": (note(32, lambda found: found.replace("\n32\n", "\n31\n")), NOTE),
    "the root of a checkpoint": (note(16, lambda found: re.sub(r"\n[^\n]{44}\n", f"\n{'A' * 43}=\n", found, count=1)), NOTE),
    "the moment of a checkpoint": (note(40, lambda found: found.replace("2026", "2027")), NOTE),
    "a checkpoint signed by somebody else": (note(40, signed_by_another), NOTE),
    "a checkpoint that is no note": (note(40, lambda _: "avgate"), NOTE),
    "two checkpoints over as much": (forked, TWO),
    "one checkpoint removed of three": (sql("DELETE FROM checkpoint WHERE size = 32"), WHOLE),
    "the checkpoints removed": (sql("DELETE FROM checkpoint"), WHOLE),  # the witness has the newest
    "an older copy put back": (older_copy, CUT),
    "what nobody signed yet cut off": (removed(41, 44), WHOLE),  # as docs/security.md says
}  # fmt: skip


def grown_anew(log: Log) -> None:
    """The end cut off with its checkpoint, and others written and signed in its place, as a release did that did not look."""
    log.change("DELETE FROM evidence WHERE sequence > 35", "DELETE FROM checkpoint WHERE size > 35")
    witness = Witness(log.folder / "avgate-checkpoints.txt")
    key = open_evidence_key(log.folder / "avgate-evidence.pem")

    async def grow() -> None:
        database = Database(f"sqlite:///{log.folder / 'avgate.db'}", log.key())
        database.attesting.key = log.evidence_key()
        for _ in range(10):
            async with database.write() as db:
                await evidence.append(db, NOON, "c", None, "access.refused", {})
        aside = Witness(log.folder / "aside.txt")
        assert await Checkpointer(database, key, aside, lambda: NOON).sign()
        await database.close()
        witness.add(aside.notes()[-1])

    asyncio.run(grow())


def ours(log: Log, tell: Tell, capsys: pytest.CaptureFixture[str]) -> int | str:
    code = run(["audit", "verify", "--config", str(log.folder / "avgate.toml")])
    told = "".join(capsys.readouterr())
    tell(told)
    assert code == (Exit.DONE if "is whole" in told else Exit.WRONG)
    return said(told)


def strangers(log: Log, tell: Tell, capsys: pytest.CaptureFixture[str]) -> int | str:
    assert run(["audit", "export", "--config", str(log.folder / "avgate.toml")]) == Exit.DONE
    (log.folder / "log").write_text(capsys.readouterr().out)
    key = verifier_key(open_evidence_key(log.folder / "avgate-evidence.pem").public_key())
    files = [log.folder / "log", key, log.folder / "avgate-checkpoints.txt"]
    complaint = ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(VERIFIER), *map(str, files)])
        try:
            runpy.run_path(
                str(VERIFIER), run_name="__main__"
            )  # a process of its own: tests/flow/test_proofs.py
        except SystemExit as ended:
            complaint = str(ended.code)
    told = capsys.readouterr().out + complaint
    tell(told)
    assert bool(complaint) == ("are whole" not in told)
    return said(told)


def in_stretches(log: Log, processes: int = 1) -> int | str:
    """The same chain, read by four entries at a time, each four by themselves."""
    key = open_evidence_key(log.folder / "avgate-evidence.pem").public_key()
    opened = encrypted_file.connect(log.folder / "avgate.db", log.key())
    with closing(opened):
        [(length,)] = opened.execute("SELECT coalesce(max(sequence), 0) FROM evidence")
        notes = [row[0] for row in opened.execute("SELECT note FROM checkpoint")]
    newest = Witness(log.folder / "avgate-checkpoints.txt").newest()
    told = [believed(one, key) for one in [*notes, *([newest] if newest else [])]]
    place = Place(f"sqlite:///{log.folder / 'avgate.db'}", log.key(), log.evidence_key())
    whole = stretches.Log(place, length, {one.size: one.root for one in told})
    try:
        stretches.examined(whole, lambda _: None, processes=processes, size=4)
    except MisfitError as error:
        return said(str(error))
    return WHOLE


def test_an_end_that_was_signed_and_grew_anew_shows_by_any_line_of_the_witness(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    grown_anew(log)
    assert ours(log, lambda _: None, capsys) == 40
    with (log.folder / "avgate-checkpoints.txt").open("a") as file:
        file.write("\navgate-evidence\n9\nAAAA\n2026\n\n\N{EM DASH} avgate-evidence AAAA\n")
        file.write(f"\n{Witness(log.folder / 'aside.txt').notes()[-1]}")
    assert ours(log, lambda _: None, capsys) == 40


def said(told: str) -> int | str:
    found = re.search(r"entry (\d+)", told)
    words = (word for word in (CUT, TWO, NOTE, WHOLE) if word in told)
    return int(found[1]) if found else next(words, told)


@pytest.mark.parametrize("what", TAMPERS)
def test_both_verifiers_name_the_same_entry(
    log: Log, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper, expected = TAMPERS[what]
    tamper(log)
    heard: list[str] = []
    found = ours(log, heard.append, capsys), strangers(log, heard.append, capsys)
    assert found == (expected, expected), heard


@pytest.mark.parametrize("what", [name for name in TAMPERS if TAMPERS[name][1] not in {NOTE, TWO}])
def test_stretches_that_are_joined_name_the_same_entry(log: Log, what: str) -> None:
    tamper, expected = TAMPERS[what]
    tamper(log)
    assert in_stretches(log) == expected


@pytest.mark.parametrize(
    "what", ["nothing at all", "a bit of details of the 7th", "neighbours swapped", "all removed"]
)
def test_processes_that_read_side_by_side_name_the_same_entry(log: Log, what: str) -> None:
    tamper, expected = TAMPERS[what]
    tamper(log)
    assert in_stretches(log, processes=2) == expected


# Only who has the key of codes sees these at once; to others they show at the next checkpoint, if at all.
OURS_ALONE: dict[str, tuple[Callable[[Log], None], int, int | str]] = {
    "a bit of a code": (flipped("code", 7), 7, WHOLE),
    "a code taken away": (sql("UPDATE evidence SET code = NULL WHERE sequence = 30"), 30, WHOLE),
    "another's code": (sql("UPDATE evidence SET code = (SELECT code FROM evidence WHERE sequence = 5) WHERE sequence = 9"), 9, WHOLE),
    "one rewritten and all linked anew": (relinked(lambda rows: rows[20].__setitem__(5, '{"key":"k11"}')), 21, 32),
    "one forged behind the newest checkpoint": (relinked(lambda rows: rows.append([0, *rows[0][1:5], '{"key":"k0"}', "", "", None])), 45, WHOLE),
}  # fmt: skip


@pytest.mark.parametrize("what", OURS_ALONE)
def test_what_has_no_code_of_ours_is_named_at_once(
    log: Log, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper, expected, to_others = OURS_ALONE[what]
    tamper(log)
    heard: list[str] = []
    assert ours(log, heard.append, capsys) == expected, heard
    assert in_stretches(log) == expected
    assert strangers(log, heard.append, capsys) == to_others, heard


def test_the_verifier_for_strangers_is_short_and_uses_nothing_of_ours() -> None:
    text = VERIFIER.read_text()
    assert len(text.splitlines()) < 100
    assert "import avgate" not in text
    assert "from avgate" not in text


def test_what_was_kept_has_to_hold_a_checkpoint(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    (log.folder / "avgate-checkpoints.txt").write_text("nothing of the kind")
    assert "no checkpoint in what you kept" in str(strangers(log, lambda _: None, capsys))


def test_nothing_is_forked_beside_a_thread_that_may_hold_something() -> None:
    end = Event()
    other = Thread(target=end.wait)
    other.start()
    try:
        assert stretches.start_method() == "spawn"
    finally:
        end.set()
        other.join()

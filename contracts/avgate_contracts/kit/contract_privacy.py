"""Level 4, privacy: nobody is told of but those who asked, and nothing goes out by another way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

from avgate_contracts.connector import SupportsAccess
from avgate_contracts.kit import alteration
from avgate_contracts.kit.bench import Bench, bench_of
from avgate_contracts.kit.contract_resilience import BAD_DAYS, READING, ever, places
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import (
    GARBAGE,
    LOST,
    REFUSALS,
    UNAUTHORISED,
    Fault,
)
from avgate_contracts.kit.fault_transport import Asked, nothing_happens
from avgate_contracts.kit.flood import Flood
from avgate_contracts.kit.law import law
from avgate_contracts.kit.lint import lint
from avgate_contracts.kit.private import is_addressed, leaks, private_values, tagged
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.secret import secrets_of
from avgate_contracts.kit.shown import refs
from avgate_contracts.kit.spread import spread
from avgate_contracts.kit.stage import opened
from avgate_contracts.kit.story import FILES, Play
from avgate_contracts.kit.tape import TapeError, load
from avgate_contracts.kit.verdict import expect, some
from avgate_contracts.vocabulary import IdentifierKind

_CHANGED = 6  # changed members, each in a playing of its own
_USUAL_PORTS = (":80", ":443")


class PrivacyLaws(Declared):
    """What holds on good days and on bad ones."""

    @law(4)
    async def test_nobody_is_named_in_logs_output_errors_and_reasons(self) -> None:
        bench, wrong = bench_of(type(self)), []
        private = await _private(bench)
        async for run in _days(bench):
            wrong += leaks(run, private)
        expect(
            not wrong,
            "logs, errors and reasons name no person and hold nothing of what the upstream said",
            some(wrong),
            "name what to do and where; raise errors of your own `from None`, since the chain holds "
            "what was read",
        )

    @law(4)
    async def test_no_secret_is_told(self) -> None:
        bench, wrong = bench_of(type(self)), []
        cast = replace(bench.cast, settings=tagged(bench.cast.settings))
        for story in bench.stories:
            for plan in (nothing_happens, lambda _: UNAUTHORISED):
                run = await bench.rehearse(story, plan, cast=cast)
                wrong += leaks(run, {})
                wrong += ["tells a secret in an address"] if is_addressed(run) else []
        expect(
            not wrong,
            "logs, errors and addresses of calls hold no secret: those on the way keep addresses",
            some(wrong),
            "unwrap a SecretStr only where it is sent, or leave that to credentials()",
        )

    @law(4, SupportsAccess)
    async def test_nothing_of_a_person_shows_in_a_repr(self) -> None:
        bench, private = bench_of(type(self)), await _private(bench_of(type(self)))
        run = await bench.happy("access")
        async with opened(bench.cast, run) as connector:
            shown = [("itself", repr(connector)), ("its settings", repr(bench.cast.settings))]
        known = refs(run.step("access").findings)  # a file may be called after its item
        shown += [("a Record", repr(each)) for each in run.step("access").findings]
        wrong = [
            f"shows {what} in the repr of {where}"
            for where, text in shown
            for value, what in private.items()
            if value in text.casefold() and not any(value in ref.casefold() for ref in known)
        ]
        expect(
            not wrong,
            "the repr of a connector and of what it yields shows no personal data",
            some(wrong),
            "keep persons out of the connector's own members; name a file by the item, not the person",
        )

    @law(4)
    async def test_only_the_given_client_reaches_out(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for story in bench.stories:
            run = await bench.happy(story)
            wrong += [f"in {story!r}: makes {each}" for each in run.guard.outside]
            if not run.asked:
                wrong.append(f"in {story!r}: makes no call with the client it is given")
        async for run in _days(bench):
            wrong += [f"on a bad day: makes {each}" for each in run.guard.outside]
        expect(
            not wrong,
            "every call goes through the http client that the connector was given",
            some(wrong),
            "use http.send() and http.stream(), http.sleep() and http.now(), and nothing beside them",
        )

    @law(4)
    async def test_only_hosts_of_the_settings_are_called(self) -> None:
        bench = bench_of(type(self))
        allowed = {_plain(host) for host in bench.cast.settings.hosts()}
        wrong = [
            f"in {story!r}: calls another host"
            for story in bench.stories
            for asked in (await bench.happy(story)).asked
            if _plain(asked.host) not in allowed
        ]
        expect(
            not wrong,
            "only hosts that the settings name are called",
            some(wrong),
            "name each host in hosts() of the settings, taken from a setting",
        )

    @law(4)
    async def test_nothing_is_written_to_disk(self) -> None:
        bench = bench_of(type(self))
        wrong = [
            f"in {story!r}: writes to {run.guard.written} files"
            for story in bench.stories
            if (run := await bench.happy(story)).guard.written
        ]
        expect(
            not wrong,
            "what an upstream says is handed on and kept nowhere",
            some(wrong),
            "yield it; the gateway keeps it encrypted, and deletes it in time",
        )

    @law(4)
    async def test_keys_of_writes_name_nobody(self) -> None:
        bench, private = bench_of(type(self)), await _private(bench_of(type(self)))
        wrong = {
            f"in {story!r}: a key holds {what}"
            for story in bench.stories
            for asked in (await bench.happy(story)).asked
            for value, what in private.items()
            if asked.key and value in asked.key.casefold()
        }
        expect(
            not wrong,
            "a key is made of the key given and the item's ref: upstreams log keys",
            some(wrong),
            "make a uuid5 of them where a ref could name somebody",
        )

    @law(4)
    async def test_recordings_hold_nothing_of_a_person_and_no_secret(self) -> None:
        bench, wrong = bench_of(type(self)), []
        secrets = secrets_of(self.connector.settings_type(**self.settings)).values()
        for path in sorted(bench.folder.glob("*.yaml")):
            try:
                wrong += [str(each) for each in lint(load(path), path.name, list(secrets))]
            except TapeError as error:
                wrong.append(str(error))
        expect(
            not wrong,
            "recordings hold invented people only, and no secret",
            f"has recordings with {some(wrong)}",
            "record again with `avgate record`, which leaves nothing of it",
        )

    @law(4, SupportsAccess)
    async def test_files_are_fetched_when_they_are_opened(self) -> None:
        bench = bench_of(type(self))
        story = bench.cast.reads_files_in
        run = await bench.happy(story)
        files = sum(len(record.attachments) for record in run.step(story).records)
        fetched = sum(asked.step == f"{story}{FILES}" for asked in run.asked)
        expect(
            fetched >= files,
            "a file is fetched when its attachment is opened, and not before",
            f"makes {fetched} calls when {files} attachments are opened",
            "let Attachment.open be a partial of a method that uses http.stream()",
        )

    @law(4, SupportsAccess)
    async def test_files_pass_through_and_are_never_held(self) -> None:
        bench = bench_of(type(self))
        story = bench.cast.reads_files_in
        run = await bench.happy(story)
        targets = {asked.target for asked in run.asked if asked.step == f"{story}{FILES}"}
        flood = Flood(bench.stand_in(story), targets)
        await bench.stage(story, flood, partial(_peek, bench, flood, story))
        expect(
            not flood.is_held,
            "a file's first piece is handed on before the rest of it has come",
            "fetches it whole",
            "yield the chunks of http.stream() as they come",
        )


async def _peek(bench: Bench, flood: Flood, story: str, play: Play) -> None:
    """Reads one piece of each file, and looks how much of it has come by then."""
    async with opened(bench.cast, play.stage) as connector:
        whom = bench.cast.subject
        found = connector.export(whom) if story == "export" else connector.access(whom)
        records = [each async for each in found]
        files = [file for each in records for file in getattr(each, "attachments", ())]
        for file in files:
            flood.begin()
            async with file.open() as chunks:
                async for _ in chunks:
                    flood.look()
                    break


async def _private(bench: Bench) -> dict[str, str]:
    stories = [each for each in ("access", "export") if each in bench.stories]
    records = [r for each in stories for r in (await bench.happy(each)).step(each).records]
    whom = (bench.cast.subject, bench.cast.stranger)
    salt = bench.suite.redaction.salt
    return dict(private_values(whom, records, bench.cast.changes.values(), salt))


async def _days(bench: Bench) -> AsyncIterator[Run]:
    """Every story on its good day, and on some bad ones; each only once for all tests."""
    if not bench.days:
        bench.days = [run async for run in _all_days(bench)]
    for run in bench.days:
        yield run


async def _all_days(bench: Bench) -> AsyncIterator[Run]:
    for story in bench.stories:
        yield await bench.replay(story)
    for place in [each async for each in places(bench)]:
        for fault in BAD_DAYS:
            yield (await ever(bench, place, fault))[0]
    for story in (each for each in READING if each in bench.stories):
        tape = bench.tape(story).interactions
        for member in spread(alteration.promised(tape), _CHANGED):
            yield await bench.rehearse(story, tape=alteration.retyped(tape, member))
    if "access" in bench.stories:
        tape, subject = bench.tape("access").interactions, bench.cast.subject
        for known in (subject.identifiers, subject.of_kind(IdentifierKind.CUSTOMER_ID)):
            others = alteration.about_others(tape, [one.value for one in known])
            yield await bench.rehearse("access", tape=others)
    for story in (each for each in bench.stories if each not in READING):
        for fault in (LOST, GARBAGE, REFUSALS[-1]):
            yield await bench.rehearse(story, partial(_on_writes, fault))


def _on_writes(fault: Fault, asked: Asked) -> Fault | None:
    return fault if asked.is_write else None


def _plain(host: str) -> str:
    name = host.casefold()
    return next((name.removesuffix(port) for port in _USUAL_PORTS if name.endswith(port)), name)

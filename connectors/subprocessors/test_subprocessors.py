"""The subprocessors connector, replayed from cassettes."""

from __future__ import annotations

import json

import avgate_contracts as sdk

from .stage import SOMEBODY, STRANGER, is_pending, staged


async def test_access_shows_what_every_processor_holds_and_whom_to_ask_by_hand() -> None:
    async with staged("access") as at:
        findings = await at.findings()
    records = [one for one in findings if isinstance(one, sdk.Record)]
    (unseen,) = (one for one in findings if isinstance(one, sdk.Unseen))
    seen = {(r.data["processor"], r.data.get("kind"), r.item.erasure) for r in records}
    assert seen == {
        ("perfectview", "contact_card", sdk.ErasureWay.FORWARD),
        ("perfectview", "conversation_note", sdk.ErasureWay.FORWARD),
        ("workspace365", "account", sdk.ErasureWay.FORWARD),
    }
    assert (unseen.part, unseen.why) == ("IASO Backup", sdk.WhyUnseen.NO_INTERFACE)
    assert unseen.item is not None
    assert unseen.item.erasure is sdk.ErasureWay.BY_HAND
    assert all(SOMEBODY.known_by(record.identifiers) for record in records)
    assert {record.item.category for record in records} == {sdk.Category.PROCESSOR_DATA}


async def test_an_export_holds_what_access_shows() -> None:
    async with staged("export") as at:
        exported = [record async for record in at.connector.export(SOMEBODY)]
        kinds = {json.loads(r.content)["subject_request_type"] for r in at.posts()}
    held = {one.data.get("kind") for one in exported if isinstance(one, sdk.Record)}
    assert held == {"contact_card", "conversation_note", "account"}
    assert [one.part for one in exported if isinstance(one, sdk.Unseen)] == ["IASO Backup"]
    assert kinds == {"portability"}


async def test_nothing_is_shown_of_somebody_no_processor_knows() -> None:
    async with staged("stranger") as at:
        findings = await at.findings(STRANGER)
    assert [(type(one), one.item.ref) for one in findings if one.item is not None] == [
        (sdk.Unseen, "by-hand:iaso-backup")
    ]


async def test_an_erasure_is_pending_until_the_processor_confirms_and_then_nothing_is_held() -> (
    None
):
    async with staged("erase") as at:
        items = await at.items()
        outcomes = await at.erase(items)
        pending = {o.job: i for o, i in zip(outcomes, items, strict=True) if is_pending(o)}
        early = [await at.confirm(job, item) for job, item in pending.items()]
        await at.sleep(2)
        late = [await at.confirm(job, item) for job, item in pending.items()]
        left = await at.connector.still_held(items)
    assert len(pending) == 2
    assert all(is_pending(outcome) for outcome in early)
    assert late == [sdk.Completed(sdk.Effect.ERASED)] * 2
    assert left == []  # and nobody can look at the one that is asked by hand


async def test_a_list_is_read_once_and_then_only_if_it_changed() -> None:
    async with staged("published") as at:
        first = await at.connector.published({})
        seen = {one.provider: one.etag or "" for one in first}
        again = await at.connector.published(seen)
        await at.sleep(7 * 86_400)
        (changed,) = await at.connector.published(seen)
    assert {one.provider for one in first} == {"kpn", "managed-voice", "perfectview"}
    assert again == []
    assert "Stroomlijn Facturatie" in {line.name for line in changed.processors}


async def test_check_proves_addresses_tokens_and_certificates() -> None:
    async with staged("check") as at:
        await at.connector.check()

"""Whoever submitted a request does not decide about its plan, through whatever client."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from avgate_gateway.authentication import mint, open_signing_key
from avgate_gateway.store.schema import request
from avgate_mocks.people import Role

from .harness import EVERYTHING, a_request, bearer
from .indoors import Indoors, indoors


def through(here: Indoors, client: str, subject: str) -> httpx.AsyncClient:
    """A caller whose token names a person beside the client."""
    caller = here.caller(client)
    made = mint(
        open_signing_key(here.folder / "avgate-token.jwk"), issuer="avgate", audience="avgate",
        controller="libervoice", client=client, scopes=EVERYTHING, lifetime=3600,
        now=time.time(), subject=subject,
    )  # fmt: skip
    caller.headers.update(bearer(made))
    return caller


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_the_same_person_through_another_client_is_no_second_one(
    tmp_path: Path, decision: str
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        through(here, "portal", "j.jansen")
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)))
        await here.until(request_id, "approval")
        through(here, "console", "J.Jansen")
        refused = await here.decide(request_id, decision, "console")
        assert refused.status_code == 403
        assert refused.json()["type"].endswith("second-person-required")
        assert here.assembled.gateway.refusals.counts["second-person-required"] == 1
        await here.let_pass(hours=1)
        assert await here.effects("directory") == []
        through(here, "console", "k.klaassen")
        assert (await here.decide(request_id, decision, "console")).status_code == 200


async def test_two_clients_that_act_for_themselves_are_two(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)), "crm")
        await here.until(request_id, "approval")
        assert (await here.decide(request_id, client="console")).status_code == 200


async def test_a_person_is_kept_as_a_digest_and_shown_nowhere(tmp_path: Path) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        through(here, "portal", "j.jansen")
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)))
        async with here.assembled.context.database.read() as db:
            row = (await db.execute(sa.select(request).where(request.c.id == request_id))).one()
        assert len(row.submitter) == 64
        told = str(await here.request(request_id)) + str(await here.events(request_id))
        assert row.submitter not in told
        assert "j.jansen" not in told + str(row)


async def test_a_request_from_before_persons_were_kept_is_held_to_the_client(
    tmp_path: Path,
) -> None:
    async with indoors(tmp_path, ("directory",)) as here:
        request_id = await here.submit(a_request("erase", here.person(Role.RUNNING)))
        await here.until(request_id, "approval")
        async with here.assembled.context.database.write() as db:
            await db.execute(request.update().values(submitter=None))
        assert (await here.decide(request_id, client="portal")).status_code == 403
        assert (await here.decide(request_id, client="colleague")).status_code == 200

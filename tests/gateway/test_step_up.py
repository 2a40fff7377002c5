"""A token that acts as a person tells of a sign-in that is strong and new enough, where that is asked (RFC 9470)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from avgate_gateway import problem
from avgate_gateway.api.application import application
from avgate_gateway.authentication import Scope, StepUp
from avgate_gateway.settings import Settings, SettingsError, load

from .test_metrics import POLICY, House, house  # noqa: F401 -- a fixture
from .tokens import MARKER, NOW, Clock, token, verifier

STRONG, STRONGER = "urn:strong", "urn:stronger"
ASKED = StepUp(frozenset({Scope.APPROVE, Scope.ADMIN}), (STRONG, STRONGER), 300)
SCOPES = "requests:read requests:approve admin"
APPROVAL = "/v1/requests/r-1/approval"
DECISION = {"plan_digest": "0" * 64, "decision": "approve"}
TOLD = (
    'Bearer error="insufficient_user_authentication", '
    'error_description="the person has to sign in anew, or more strongly", '
    'acr_values="urn:strong urn:stronger", max_age="300"'
)


@asynccontextmanager
async def asking(
    house: House,  # noqa: F811 -- the fixture that is imported
    asked: StepUp | None,
    clock: Clock | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    believed = verifier(clock, replace(POLICY, step_up=asked))
    app = application(house.gateway, believed, house.limits)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(base_url="http://gateway.test", transport=transport) as client:
        yield client


async def approve(client: httpx.AsyncClient, held: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {held}"}
    return await client.post(APPROVAL, json=DECISION, headers=headers)


def held(scope: str = SCOPES, **claims: Any) -> str:
    return token({"controller": "a", "scope": scope, "sub": MARKER, **claims})


ENOUGH: dict[str, dict[str, Any]] = {
    "just now": {"acr": STRONG, "auth_time": NOW},
    "more strongly": {"acr": STRONGER, "auth_time": NOW - 300},
    "by a clock that is a little ahead": {"acr": STRONG, "auth_time": NOW + 60},
}
TOO_LITTLE: dict[str, dict[str, Any]] = {
    "nothing is told": {},
    "not how": {"auth_time": NOW},
    "not when": {"acr": STRONG},
    "weakly": {"acr": "urn:weak", "auth_time": NOW},
    "two at once": {"acr": f"{STRONG} {STRONGER}", "auth_time": NOW},
    "in a list": {"acr": [STRONG], "auth_time": NOW},
    "long ago": {"acr": STRONG, "auth_time": NOW - 301},
    "in the future": {"acr": STRONG, "auth_time": NOW + 61},
    "at a text": {"acr": STRONG, "auth_time": str(NOW)},
    "at a truth": {"acr": STRONG, "auth_time": True},
}


@pytest.mark.parametrize("name", ENOUGH)
async def test_a_sign_in_that_is_enough_is_let_through(name: str, house: House) -> None:  # noqa: F811 -- the fixture that is imported
    async with asking(house, ASKED) as client:
        answer = await approve(client, held(**ENOUGH[name]))
    assert answer.status_code == 404, "there is no such request, which it is told"


@pytest.mark.parametrize("name", TOO_LITTLE)
async def test_one_that_is_not_is_told_what_is_asked(
    name: str,
    house: House,  # noqa: F811 -- the fixture that is imported
    lines: pytest.LogCaptureFixture,
) -> None:
    async with asking(house, ASKED) as client:
        answer = await approve(client, held(**TOO_LITTLE[name]))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == TOLD
    assert answer.json()["type"] == problem.INSUFFICIENT_AUTHENTICATION.uri
    assert house.gateway.refusals.counts["insufficient-authentication"] == 1
    assert MARKER not in answer.text + lines.text


@pytest.mark.parametrize(
    ("asked", "claims", "told"),
    [
        (StepUp({Scope.APPROVE}, (STRONG,)), {"auth_time": NOW}, 'acr_values="urn:strong"'),
        (StepUp({Scope.APPROVE}, (), 60), {"acr": STRONG}, 'max_age="60"'),
    ],
)
async def test_only_what_is_asked_is_told(
    asked: StepUp,
    claims: dict[str, Any],
    told: str,
    house: House,  # noqa: F811 -- the fixture that is imported
) -> None:
    async with asking(house, asked) as client:
        answer = await approve(client, held(**claims))
    challenge = answer.headers["www-authenticate"]
    assert answer.status_code == 401
    assert challenge.endswith(f", {told}")
    assert ("acr_values" in challenge) != ("max_age" in challenge)


async def test_nothing_else_is_asked_of_a_program(house: House) -> None:  # noqa: F811 -- the fixture that is imported
    async with asking(house, ASKED) as client:
        machine = {"authorization": f"Bearer {held()}"}
        assert (await client.get("/v1/requests/r-1", headers=machine)).status_code == 404
        assert (await client.post("/v1/connectors/slow/resume", headers=machine)).status_code == 401
        without = await approve(client, held("requests:read"))
    assert without.status_code == 403, "no sign-in would bring the scope"
    assert without.json()["scope"] == "requests:approve"


async def test_unasked_every_token_counts_as_before(house: House) -> None:  # noqa: F811 -- the fixture that is imported
    async with asking(house, None) as client:
        assert (await approve(client, held())).status_code == 404


async def test_a_sign_in_gets_old_while_its_token_is_remembered(house: House) -> None:  # noqa: F811 -- the fixture that is imported
    clock, one = Clock(), held(acr=STRONG, auth_time=NOW - 290)
    async with asking(house, ASKED, clock) as client:
        assert (await approve(client, one)).status_code == 404
        clock.now += 11
        assert (await approve(client, one)).status_code == 401


async def test_what_it_may_besides_fails_closed() -> None:
    """`admin` lets an approval exceed the hour's number: not by a token whose `admin` is withheld."""
    found = await verifier(policy=replace(POLICY, step_up=ASKED)).caller(held())
    assert found.scopes == {"requests:read"}
    assert found.withheld == {"requests:approve", "admin"}


CONFIG = """
[controllers.a]
title = "A"
retention = "a"

[authentication]
issuer_url = "https://login.example/realms/staff"
audience = "avgate"

[authentication.step_up]
"""


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "avgate.toml"
    path.write_text(text)
    return load(path, {})


def test_people_s_acts_are_asked_of_where_nothing_else_is_said(tmp_path: Path) -> None:
    asked = loaded(tmp_path, f'{CONFIG}acr = ["{STRONG}"]').authentication.step_up
    assert asked is not None
    assert set(asked.scopes) == {Scope.APPROVE, Scope.COMPLETE_TASKS, Scope.ADMIN}


WRONG = {
    "nothing asked": (CONFIG, "asks for nothing"),
    "of no scope": (f"{CONFIG}max_age_seconds = 60\nscopes = []", "scopes"),
    "of a scope that is none": (f'{CONFIG}max_age_seconds = 60\nscopes = ["all"]', "scopes"),
    "a class that would end its place in the header": (f'{CONFIG}acr = ["a\\", b"]', "acr"),
    "two classes in one": (f'{CONFIG}acr = ["a b"]', "acr"),
    "of our own tokens": (
        f"{CONFIG}max_age_seconds = 60".replace("issuer_url", "# ").replace("audience", "# "),
        "an issuer of your own",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_settings_that_cannot_be_meant_end_the_start(name: str, tmp_path: Path) -> None:
    text, told = WRONG[name]
    with pytest.raises(SettingsError, match=told):
        loaded(tmp_path, text)

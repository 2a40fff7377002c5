"""How the Xelion connector keeps a session of its own, and loses none."""

from __future__ import annotations

import pytest

import avgate_contracts as sdk
from avgate_mocks.people import LIBERVOICE
from avgate_mocks.xelion import config_section
from avgate_xelion import XelionConnector, XelionSettings

from .stage import Between, Stage, calm, everything, live


async def test_a_session_left_behind_does_not_lock_us_out() -> None:
    async with (
        live() as stage,
        sdk.open_client(
            stage_settings := _settings_of(stage), XelionConnector.manifest.limits, sdk.Runtime()
        ) as other,
    ):
        await stage.connector.check()
        await XelionConnector(stage_settings, other).check()
        await stage.connector.check()


def _settings_of(stage: Stage) -> XelionSettings:
    section = config_section(calm(), LIBERVOICE, stage.control.base_url.port or 0)
    return XelionSettings.model_validate(section)


async def test_a_session_is_renewed_before_it_runs_out_and_begun_anew_after() -> None:
    line = Between()
    async with live(transport=line) as stage:
        await stage.connector.check()
        await stage.clock.turn(3590)
        await stage.connector.check()
        assert [name for _, name in line.passed] == [
            *("login", "addressables"),
            *("renew", "addressables"),
        ]
        await stage.told("/_clock", {"advance_seconds": 7200})
        await stage.connector.check()
    assert [name for _, name in line.passed][4:] == [
        "addressables",
        "renew",
        "login",
        "addressables",
    ]


async def test_the_session_before_is_ended_by_the_log_in_that_follows() -> None:
    line = Between(lambda sent: b'"superseded"' if sent.startswith(b'"') else sent)
    async with live(transport=line) as stage:
        await stage.connector.check()
        await stage.clock.turn(3590)
        await stage.connector.check()
    names = [name for _, name in line.passed]
    assert names == ["login", "addressables", "renew", "login", "addressables"]


async def test_a_log_in_whose_answer_was_lost_is_made_good_in_another_user_space() -> None:
    lost = {"fault": "answer_lost", "path_contains": "/me/login"}
    async with live() as stage:
        await stage.told("/_faults", {"rules": [lost, {**lost, "skip": 1}]})
        await stage.connector.check()


async def test_wrong_credentials_are_for_an_operator_to_put_right() -> None:
    async with live(section={"password": "not the password"}) as stage:
        with pytest.raises(sdk.MisconfiguredError, match="10004") as raised:
            await stage.connector.check()
    assert "not the password" not in str(raised.value)


async def test_neither_settings_nor_what_was_read_show_anybody_in_a_repr() -> None:
    async with live() as stage:
        settings = _settings_of(stage)
        records = await stage.found()
    shown = f"{settings!r} {records!r}"
    hidden = {stage.person.name.family, settings.password.get_secret_value()}
    hidden |= {each.value for each in everything(stage.person)}
    assert not [each for each in hidden if each in shown]

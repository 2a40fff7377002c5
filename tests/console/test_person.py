"""Who an ID token is about, and how strongly and lately they showed it: tables."""

from __future__ import annotations

from typing import Any

import pytest

from avgate_gateway.authentication import InvalidTokenError, Scope
from avgate_gateway.oidc.id_token import Expected, check, proved_at
from avgate_gateway.oidc.person import NoRoleError, caller_of, completed, leaves_out, name_of
from avgate_gateway.oidc.transaction import Sealing, Transaction
from avgate_gateway.settings import OidcSettings

NOW = 1_800_000_000
ISSUER = "https://login.example"
ROLES = {"desk": (Scope.READ, Scope.ERASE), "second": (Scope.APPROVE,), "nothing": ()}
WHO = {"sub": "u-1", "preferred_username": "a.bakker", "roles": ["desk"], "controller": "a"}
TOKEN = {"iss": ISSUER, "aud": "us", "sub": "u-1", "nonce": "n", "iat": NOW, "exp": NOW + 300}


def settings(**more: Any) -> OidcSettings:
    return OidcSettings.model_validate(
        {"issuer_url": ISSUER, "client_id": "us", "client_secret": "x", **more}
    )


def test_roles_add_up_to_scopes() -> None:
    made = caller_of({**WHO, "roles": ["desk", "second", "other"]}, settings(), ROLES, {"a"})
    assert made.scopes == {"requests:read", "requests:erase", "requests:approve"}
    assert (made.client_id, made.subject, made.controller) == ("console:a.bakker", "u-1", "a")


def test_a_controller_that_is_set_counts_whatever_a_token_says() -> None:
    made = caller_of({**WHO, "controller": "b"}, settings(controller="a"), ROLES, {"a", "b"})
    assert made.controller == "a"


@pytest.mark.parametrize("claims", [
    {"realm_access": {"roles": ["desk"]}}, {"realm_access.roles": ["desk"]}, {"realm_access.roles": "desk"},
])  # fmt: skip
def test_roles_may_stand_in_another_claim(claims: dict[str, Any]) -> None:
    own = settings(claims={"roles": "realm_access.roles"})
    assert caller_of({**WHO, "roles": None, **claims}, own, ROLES, {"a"}).scopes


@pytest.mark.parametrize("claims", [
    {"roles": ["nothing"]}, {"roles": [["desk"]]}, {"roles": 5}, {"roles": [5, None]}, {"controller": "b"},
    {"controller": {"a": 1}},
])  # fmt: skip
def test_whoever_has_nothing_to_do_here_does_not_come_in(claims: dict[str, Any]) -> None:
    with pytest.raises(NoRoleError):
        caller_of({**WHO, **claims}, settings(), ROLES, {"a"})


@pytest.mark.parametrize(("login", "known"), [
    ("a.bakker", "a.bakker"), (" a.bakker ", "a.bakker"), ("josé", "u-1"), ("\u0430.bakker", "u-1"), ("王", "u-1"),
    ("", "u-1"), (None, "u-1"), (5, "u-1"), ("a\nb", "u-1"), ("a\u200bb", "u-1"), ("x" * 193, "u-1"),
])  # fmt: skip
def test_no_login_is_bent_into_that_of_another(login: object, known: str) -> None:
    made = caller_of({**WHO, "preferred_username": login}, settings(), ROLES, {"a"})
    assert made.client_id == f"console:{known}"


def test_a_name_is_shown_if_there_is_one_and_never_longer_than_is_kept() -> None:
    assert name_of({"name": " A.  Bakker"}, settings(), "console:a") == "A. Bakker"
    assert len(name_of({"name": "x" * 900}, settings(), "console:a")) == 200
    for none in (None, 5, "", "a\u0000b", "a\nb"):
        assert name_of({"name": none}, settings(), "console:a") == "a"


def held(expected: dict[str, Any] | None = None, **claims: Any) -> None:
    said = {name: value for name, value in {**TOKEN, **claims}.items() if value is not None}
    check(said, Expected(ISSUER, "us", "n", **(expected or {})), NOW)


@pytest.mark.parametrize(("expected", "claims"), [
    ({}, {}), ({}, {"aud": ["us"]}), ({}, {"azp": "us"}), ({}, {"iat": NOW + 59}), ({}, {"iat": NOW - 400, "exp": NOW - 59}),
    ({"acr": ("gold", "silver")}, {"acr": "silver"}), ({"amr": ("otp", "pwd")}, {"amr": ["pwd", "otp", "x"]}),
    ({"fresh_since": NOW}, {"auth_time": NOW - 59}), ({"fresh_since": NOW}, {"auth_time": NOW + 5}),
])  # fmt: skip
def test_what_is_enough(expected: dict[str, Any], claims: dict[str, Any]) -> None:
    held(expected, **claims)


@pytest.mark.parametrize(("expected", "claims"), [
    ({}, {"iat": NOW + 61}), ({}, {"iat": NOW - 400, "exp": NOW - 61}), ({}, {"exp": True}), ({}, {"exp": None}),
    ({}, {"iat": "now"}), ({}, {"nonce": ["n"]}), ({}, {"aud": []}), ({}, {"aud": None}), ({}, {"iss": [ISSUER]}),
    ({}, {"sub": {"a": 1}}), ({}, {"exp": float("inf")}), ({}, {"iat": -5}), ({}, {"auth_time": "x"}), ({}, {"amr": "otp"}),
    ({"acr": ("gold",)}, {"acr": "silver"}), ({"acr": ("gold",)}, {}), ({"acr": ("gold",)}, {"acr": ["gold"]}),
    ({"amr": ("otp",)}, {"amr": ["pwd"]}), ({"amr": ("otp",)}, {"amr": "otp"}), ({"amr": ("otp",)}, {}),
    ({"fresh_since": NOW}, {}), ({"fresh_since": NOW}, {"auth_time": NOW - 61}), ({"fresh_since": NOW}, {"auth_time": True}),
])  # fmt: skip
def test_what_is_not_enough(expected: dict[str, Any], claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError) as caught:
        held(expected, **claims)
    assert "u-1" not in str(caught.value)


def test_nobody_proved_anything_in_the_time_to_come() -> None:
    told = proved_at({"auth_time": NOW + 50_000}, NOW)
    assert told is not None
    assert told.timestamp() == NOW


def test_a_sealed_sign_in_opens_with_its_key_within_its_time() -> None:
    begun, sealing = Transaction("/console", NOW), Sealing(b"k" * 32)
    sealed = sealing.seal(begun)
    assert begun.verifier not in sealed
    assert sealing.open(sealed, NOW + 599) == begun
    assert sealing.open(sealed, NOW + 600) is None
    assert sealing.open(sealed, NOW - 61) is None
    assert Sealing(b"x" * 32).open(sealed, NOW) is None
    assert sealing.seal(begun) != sealed


@pytest.mark.parametrize(("left_out", "more", "expected"), [
    ((), {}, False), (("name",), {}, False), (("roles",), {}, True), (("preferred_username",), {}, True),
    (("controller",), {}, True), (("controller",), {"controller": "a"}, False),
    (("roles",), {"claims": {"roles": "realm_access.roles"}}, True),
])  # fmt: skip
def test_what_an_id_token_leaves_out(
    left_out: tuple[str, ...], more: dict[str, Any], expected: bool
) -> None:
    told = {name: value for name, value in WHO.items() if name not in left_out}
    assert leaves_out(told, settings(**more)) is expected


def test_userinfo_says_who_somebody_is_and_not_how_they_signed_in() -> None:
    own = settings(claims={"roles": "acr"})  # even where a setting asks for it
    more = {**WHO, "roles": ["second"], "acr": "gold", "auth_time": NOW, "nonce": "m", "email": "x"}
    made = completed({"sub": "u-1", "nonce": "n"}, more, own)
    assert made == {"sub": "u-1", "nonce": "n", "preferred_username": "a.bakker", "controller": "a"}


def test_the_id_token_counts_where_both_speak() -> None:
    made = completed({"sub": "u-1", "roles": []}, WHO, settings())
    assert (made["roles"], made["preferred_username"]) == ([], "a.bakker")


@pytest.mark.parametrize("more", [{}, {**WHO, "sub": "u-2"}, [], "u-1", 5])
def test_userinfo_about_somebody_else_is_not_believed(more: Any) -> None:
    with pytest.raises(InvalidTokenError) as caught:
        completed({"sub": "u-1"}, more, settings())
    assert "u-" not in str(caught.value)

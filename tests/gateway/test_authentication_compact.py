"""What is refused of a token before anything in it is believed, and at which limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from avgate_gateway.authentication import FixedKeys
from avgate_gateway.authentication.claim import InvalidTokenError
from avgate_gateway.authentication.compact import taken_apart
from avgate_gateway.authentication.verifier import signed

from .tokens import CLAIMS, OURS, token, verifier

HEADERS: dict[str, tuple[Mapping[str, Any], str | None]] = {
    "a kid of one letter": ({"kid": "k"}, None),
    "a kid of 256": ({"kid": "k" * 256}, None),
    "a kid of 257": ({"kid": "k" * 257}, "name its key in kid"),
    "an empty kid": ({"kid": ""}, "name its key in kid"),
    "a kid that is no text": ({"kid": ["k"]}, "name its key in kid"),
    "crit alone": ({"crit": []}, "not supported"),
    "b64 alone": ({"b64": True}, "not supported"),
    **{f"{name} alone": ({name: ""}, "not supported") for name in ("jwk", "jku", "x5u", "x5c")},
    "an alg that is no text": ({"alg": 1}, "name its algorithm in alg"),
    "another type": ({"typ": "JWT"}, "another type"),
    "a type that is no text": ({"typ": 1}, "another type"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_a_header_is_read_up_to_its_limits(what: str) -> None:
    header, refused = HEADERS[what]
    if refused is None:
        assert taken_apart(token(header=header)).kid == header["kid"]
        return
    with pytest.raises(InvalidTokenError, match=refused):
        taken_apart(token(header=header))


@pytest.mark.parametrize(
    ("spelled", "refused"),
    [
        ("AA", None),
        ("AAA", None),
        ("AAAA", None),
        ("A", "not base64url"),
        ("AAAAA", "not base64url"),
        ("AB", "canonical"),  # sorts behind the one right spelling, AA
        ("A0", "canonical"),  # and before it, Aw
        ("AAB", "canonical"),
    ],
)
def test_each_part_has_one_spelling(spelled: str, refused: str | None) -> None:
    spelt = f"{token().rpartition('.')[0]}.{spelled}"
    if refused is None:
        assert taken_apart(spelt).claims == CLAIMS
        return
    with pytest.raises(InvalidTokenError, match=refused):
        taken_apart(spelt)


def test_a_plain_jwt_is_taken_only_where_it_is_asked_for() -> None:
    plain = token(header={"typ": "JWT"})
    assert taken_apart(plain, plain_jwt=True).kid == "ours"
    with pytest.raises(InvalidTokenError, match="another type"):
        taken_apart(plain, plain_jwt=False)


def of_length(length: int) -> str:
    """A good token of exactly so many characters."""
    about = (length - len(token({"x": ""}, {"y": ""}))) * 3 // 4
    made = (
        token({"x": "x" * size}, {"y": "y" * more})
        for size in range(about - 6, about + 6)
        for more in range(3)
    )
    return next(one for one in made if len(one) == length)


async def test_a_token_of_8_192_bytes_is_read_and_one_more_is_not() -> None:
    keys, kinds = FixedKeys([OURS.public()]), ["at+jwt"]
    longest, longer = of_length(8_192), of_length(8_192) + "A"
    assert (await verifier().caller(longest)).client_id == "crm"
    for read in (token(), longest):
        assert (await signed(read, keys, kinds))["client_id"] == "crm"
    for refuse in (verifier().caller(longer), signed(longer, keys, kinds)):
        with pytest.raises(InvalidTokenError, match="a token may be 8192 bytes long"):
            await refuse

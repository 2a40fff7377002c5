"""What is asked is what the gateway reads, and no value of it shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from avgate_client import (
    Change,
    DataSubject,
    Field,
    Identifier,
    IdentifierKind,
    Identity,
    InvalidCallError,
    Scope,
)
from avgate_client.asked import Options, body
from avgate_contracts.vocabulary import Operation
from avgate_gateway.api.bodies import CreateRequest

JAN, PHONE = "jan@example.nl", "+31201234567"
VERIFIED = Identity("portal", "piet", datetime(2026, 11, 1, 12, tzinfo=UTC))


def read(made: Mapping[str, object]) -> CreateRequest:
    return CreateRequest.model_validate(made)


def test_the_gateway_reads_all_of_it() -> None:
    held = Identifier.of(IdentifierKind.PHONE, PHONE, date(2024, 1, 1), date(2025, 1, 1))
    options = Options(identity=VERIFIED, scope=Scope(["xelion"], ["contact"]), note="see file 7")
    made = read(
        body(
            Operation.RECTIFY,
            DataSubject([held], name="Jan", language="en"),
            options,
            changes=[Change(Field.EMAIL, JAN, before="j@example.nl"), Change("phone", PHONE)],
        )
    )
    [identifier] = made.subject.identifiers
    assert (identifier.value, identifier.valid_until) == (PHONE, date(2025, 1, 1))
    assert [(c.field.value, c.before, c.after) for c in made.changes] == [
        ("email", "j@example.nl", JAN),
        ("phone", None, PHONE),
    ]
    assert made.scope is not None
    assert made.scope.connectors == ["xelion"]
    assert made.identity is not None
    assert made.identity.verified_at == VERIFIED.verified_at
    assert (made.note, made.subject.language) == ("see file 7", "en")


def test_identifiers_may_be_a_mapping() -> None:
    made = body(Operation.ERASE, None, Options(identifiers={"email": "JAN@example.nl"}))
    assert made == {
        "operation": "erase",
        "subject": {"identifiers": [{"kind": "email", "value": JAN}]},
    }


@pytest.mark.parametrize(
    ("subject", "options"),
    [
        (None, Options()),
        (DataSubject({"email": JAN}), Options(identifiers={"email": JAN})),
        (DataSubject({JAN: "email"}), Options()),
        (DataSubject({"phone": JAN}), Options()),
        (
            DataSubject({"email": JAN}),
            Options(identity=Identity("m", JAN, datetime(2026, 1, 1))),  # noqa: DTZ001 -- that is what is refused
        ),
    ],
)
def test_what_cannot_be_asked_is_said_without_its_values(
    subject: DataSubject | None, options: Options
) -> None:
    with pytest.raises(InvalidCallError) as raised:
        body(Operation.ERASE, subject, options)
    assert JAN not in str(raised.value)
    assert JAN not in repr(raised.value.__cause__)


def test_nothing_that_is_asked_shows() -> None:
    asked = (
        DataSubject({"email": JAN}, name=JAN),
        Change("email", JAN, before=JAN),
        Identity("portal", JAN, VERIFIED.verified_at),
    )
    assert JAN not in repr(asked)


def test_when_the_person_asked_is_told_with_its_zone() -> None:
    asked = datetime(2026, 3, 2, 9, tzinfo=UTC)
    about = DataSubject({"phone": "+31201234567"})
    told = body(Operation.ACCESS, about, {"submitted_at": asked})
    assert told["submitted_at"] == "2026-03-02T09:00:00+00:00"
    with pytest.raises(InvalidCallError, match="zone"):
        body(Operation.ACCESS, about, {"submitted_at": asked.replace(tzinfo=None)})

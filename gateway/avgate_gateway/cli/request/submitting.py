"""`avgate request access|rectify|erase|export|restrict|object`: submits a request, and follows it if asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from avgate_client import AvgateClient, AvgateError, UnexpectedAnswerError
from avgate_client.answers import Request
from avgate_contracts.record import Json
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.authentication import OF_OPERATION, Scope
from avgate_gateway.cli.completing import connectors
from avgate_gateway.cli.conversation import connected, failure
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.request import subject
from avgate_gateway.cli.request.download import save_package
from avgate_gateway.cli.request.following import Following
from avgate_gateway.cli.request.identity import Method, VerifiedAt, VerifiedBy, identity_given
from avgate_gateway.cli.request.reaching import (
    AsJson,
    Reach,
    Seconds,
    Wait,
    reaching,
)
from avgate_gateway.cli.screen import screen

SUBMITTED = tuple(OF_OPERATION)
_COPIES = frozenset({Operation.ACCESS, Operation.EXPORT})
_TO_THE_SECOND = len("2026-11-29T10:00:00")
_NOBODY = "say whom it is about: --phone, --email, --customer-id, … or --identifiers FILE"

Several = list[str] | None
Text = str | None


def _known_by(kind: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        help=f"One way to find the person: {kind}, or {kind}@FROM..UNTIL with days."
    )
    return found


Identifiers = Annotated[
    Path | None,
    typer.Option(help="The same as JSON in a file, or - for standard input: nothing shows."),
]
Changes = Annotated[Several, typer.Option(help="rectify: FIELD=VALUE, or FIELD=OLD->NEW.")]
Key = Annotated[Text, typer.Option(help="The Idempotency-Key, to repeat a submission safely.")]
Recipient = Annotated[
    Text, typer.Option(help="access, export: seal the package for this age public key.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "--out", help="Save the package here; waits for it.")
]


@reaching
def submit(
    context: typer.Context,
    reach: Reach,
    phone: Annotated[Several, _known_by("a number, E.164")] = None,
    email: Annotated[Several, _known_by("an address")] = None,
    customer_id: Annotated[Several, _known_by("a customer number")] = None,
    xelion_id: Annotated[Several, _known_by("an object id")] = None,
    iccid: Annotated[Several, _known_by("a SIM number")] = None,
    imsi: Annotated[Several, _known_by("an IMSI")] = None,
    ip: Annotated[Several, _known_by("an IP address")] = None,
    name_address: Annotated[Several, _known_by("name, street number, postcode city")] = None,
    identifiers: Identifiers = None,
    identity_method: Method = None,
    verified_by: VerifiedBy = None,
    verified_at: VerifiedAt = None,
    change: Changes = None,
    connector: Annotated[
        Several, typer.Option(help="Only these connectors.", autocompletion=connectors)
    ] = None,
    recipient: Recipient = None,
    key: Key = None,
    wait: Wait = False,
    seconds: Seconds = 300.0,
    output: Output = None,
    json: AsJson = False,
) -> None:
    """Submits a request; the operation is the command's name."""
    operation = Operation(context.info_name or "")
    given = {
        IdentifierKind.PHONE: phone, IdentifierKind.EMAIL: email,
        IdentifierKind.CUSTOMER_ID: customer_id, IdentifierKind.XELION_ID: xelion_id,
        IdentifierKind.ICCID: iccid, IdentifierKind.IMSI: imsi, IdentifierKind.IP: ip,
        IdentifierKind.NAME_ADDRESS: name_address,
    }  # fmt: skip
    body = _about(operation, given, identifiers)
    _complete(body, operation, change or [], connector or [])
    told = identity_given(identity_method, verified_by, verified_at, is_repeatable=key is not None)
    if told is not None:
        body["identity"] = told.to_json()
    if recipient is not None:
        body["recipient"] = recipient
    if output is not None and operation not in _COPIES:
        raise CommandError("--output is for access and export: there is no package else")
    order = Order(body, key or str(uuid4()), wait or output is not None, seconds, output)
    raise typer.Exit(asyncio.run(_submit(reach, operation, order, json=json)))


def _about(
    operation: Operation, given: Mapping[IdentifierKind, Several], file: Path | None
) -> dict[str, Json]:
    """The part of the body that says what is asked, and about whom."""
    found = subject.identifiers({kind: texts or () for kind, texts in given.items()})
    found += subject.from_file(file) if file else []
    if not found:
        raise CommandError(_NOBODY)
    return {"operation": operation.value, "subject": {"identifiers": found}}


@dataclass(frozen=True, slots=True)
class Order:
    """What is submitted, and how long it is followed."""

    body: dict[str, Json]
    key: str
    wait: bool
    seconds: float
    output: Path | None


def _complete(
    body: dict[str, Json], operation: Operation, given: list[str], connectors: list[str]
) -> None:
    if (operation is Operation.RECTIFY) != bool(given):
        raise CommandError("--change belongs to rectify, which needs at least one")
    if given:
        body["changes"] = subject.changes(given)
    if connectors:
        body["scope"] = {"connectors": [*connectors]}


async def _submit(reach: Reach, operation: Operation, order: Order, *, json: bool) -> int:
    token = reach.token_for({Scope.READ, OF_OPERATION[operation]})
    async with connected(reach.url, token) as client:
        request = await _recorded(client, order, reach.url)
        with screen(silent=json) as shown:
            following = Following(client, reach, shown, json)
            if order.wait:
                request = await following.until_settled(request, order.seconds)
            code = await following.conclude(request, waited=order.wait)
            if order.output is not None and request.is_settled:
                size = await save_package(client, request.id, order.output)
                shown.say(f"saved {order.output}, {size} bytes")
    return code


async def _recorded(client: AvgateClient, order: Order, url: str) -> Request:
    try:
        return await client.submit(order.body, key=order.key)
    except AvgateError as error:
        told = failure(error, url)
        if told.code is not Exit.UNREACHABLE and not isinstance(error, UnexpectedAnswerError):
            raise
        how = f"{told}; to submit the same again, and not twice: {again(order)}"
        raise CommandError(how, told.code) from None


def again(order: Order) -> str:
    """The options that make the same command the same request."""
    identity = order.body.get("identity")
    at = str(identity["verified_at"]) if isinstance(identity, dict) else ""
    return f"--key {order.key}" + (f" --verified-at {at[:_TO_THE_SECOND]}" if at else "")

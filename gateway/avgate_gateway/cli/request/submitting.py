"""`avgate request access|rectify|erase|export`: submits a request, and follows it if asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.authentication import Scope
from avgate_gateway.cli.answers import RequestAnswer
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.cli.gateway_client import GatewayClient, connected
from avgate_gateway.cli.request import subject
from avgate_gateway.cli.request.download import save_package
from avgate_gateway.cli.request.following import Following
from avgate_gateway.cli.request.reaching import (
    DEFAULT_URL,
    AsJson,
    ClientOption,
    ConfigOption,
    ControllerOption,
    Reach,
    Seconds,
    TokenOption,
    UrlOption,
    Wait,
)
from avgate_gateway.cli.screen import screen

_SCOPES = {
    Operation.ACCESS: Scope.ACCESS,
    Operation.RECTIFY: Scope.RECTIFY,
    Operation.ERASE: Scope.ERASE,
    Operation.EXPORT: Scope.EXPORT,
}
SUBMITTED = tuple(_SCOPES)
_COPIES = frozenset({Operation.ACCESS, Operation.EXPORT})
_NOBODY = "say whom it is about: --phone, --email, --customer-id, … or --identifiers FILE"


def _option(kind: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        help=f"One way to find the person: {kind}, or {kind}@FROM..UNTIL with days."
    )
    return found


def submit(
    context: typer.Context,
    url: UrlOption = DEFAULT_URL,
    token: TokenOption = None,
    config: ConfigOption = None,
    controller: ControllerOption = None,
    client: ClientOption = None,
    phone: Annotated[list[str] | None, _option("a number, E.164")] = None,
    email: Annotated[list[str] | None, _option("an address")] = None,
    customer_id: Annotated[list[str] | None, _option("a customer number")] = None,
    xelion_id: Annotated[list[str] | None, _option("an object id")] = None,
    iccid: Annotated[list[str] | None, _option("a SIM number")] = None,
    imsi: Annotated[list[str] | None, _option("an IMSI")] = None,
    ip: Annotated[list[str] | None, _option("an IP address")] = None,
    name_address: Annotated[list[str] | None, _option("name, street number, postcode city")] = None,
    identifiers: Annotated[
        Path | None,
        typer.Option(help="The same as JSON in a file, or - for standard input: nothing shows."),
    ] = None,
    identity_method: Annotated[
        str | None, typer.Option(help="How identity was verified; without it, it waits for that.")
    ] = None,
    verified_by: Annotated[str | None, typer.Option(help="Who verified identity.")] = None,
    change: Annotated[
        list[str] | None, typer.Option(help="rectify: FIELD=VALUE, or FIELD=OLD->NEW.")
    ] = None,
    connector: Annotated[list[str] | None, typer.Option(help="Only these connectors.")] = None,
    key: Annotated[
        str | None, typer.Option(help="The Idempotency-Key, to repeat a submission safely.")
    ] = None,
    wait: Wait = False,
    seconds: Seconds = 300.0,
    output: Annotated[
        Path | None, typer.Option(help="Save the package here; waits for it.")
    ] = None,
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
    found = subject.identifiers({kind: texts or () for kind, texts in given.items()})
    body: dict[str, Json] = {
        "operation": operation.value,
        "subject": {
            "identifiers": [*found, *(subject.from_file(identifiers) if identifiers else [])]
        },
    }
    _complete(body, operation, change or [], connector or [])
    _verify(body, identity_method, verified_by)
    if output is not None and operation not in _COPIES:
        raise CommandError("--output is for access and export: there is no package else")
    reach = Reach(url, token, config, controller, client)
    order = _Order(body, key or str(uuid4()), wait or output is not None, seconds, output)
    raise typer.Exit(asyncio.run(_submit(reach, operation, order, json=json)))


@dataclass(frozen=True, slots=True)
class _Order:
    """What is submitted, and how long it is followed."""

    body: dict[str, Json]
    key: str
    wait: bool
    seconds: float
    output: Path | None


def _complete(
    body: dict[str, Json], operation: Operation, given: list[str], connectors: list[str]
) -> None:
    if body["subject"] == {"identifiers": []}:
        raise CommandError(_NOBODY)
    if (operation is Operation.RECTIFY) != bool(given):
        raise CommandError("--change belongs to rectify, which needs at least one")
    if given:
        body["changes"] = subject.changes(given)
    if connectors:
        body["scope"] = {"connectors": [*connectors]}


def _verify(body: dict[str, Json], method: str | None, by: str | None) -> None:
    if (method is None) != (by is None):
        raise CommandError("--identity-method and --verified-by belong together")
    if method is not None and by is not None:
        body["identity"] = identity(method, by)


def identity(method: str, by: str) -> dict[str, Json]:
    """That identity was verified now."""
    return {"method": method, "verified_by": by, "verified_at": datetime.now(UTC).isoformat()}


async def _submit(reach: Reach, operation: Operation, order: _Order, *, json: bool) -> int:
    token = reach.token_for({Scope.READ, _SCOPES[operation]})
    async with connected(reach.url, token) as client:
        request = await _recorded(client, order)
        with screen(silent=json) as shown:
            following = Following(client, reach, shown, json)
            if order.wait:
                request = await following.until_settled(request, order.seconds)
            code = await following.conclude(request, waited=order.wait)
            if order.output is not None and request.is_settled:
                size = await save_package(client, request.id, order.output)
                shown.say(f"saved {order.output}, {size} bytes")
    return code


async def _recorded(client: GatewayClient, order: _Order) -> RequestAnswer:
    try:
        return await client.submit(order.body, key=order.key)
    except CommandError as error:
        if error.code is not Exit.UNREACHABLE:
            raise
        again = f"{error}; to submit the same again, and not twice: --key {order.key}"
        raise CommandError(again, error.code) from None

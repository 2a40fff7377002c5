"""Talks to a running gateway over its HTTP API, as any other client would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import BinaryIO, Self, TypeVar

from pydantic import SecretStr, ValidationError

from avgate_contracts.connector import Limits
from avgate_contracts.credentials import Bearer, Credentials
from avgate_contracts.destination import PRIVATE
from avgate_contracts.errors import (
    ConnectorError,
    ContractBrokenError,
    InvalidIdentifierError,
    UnavailableError,
)
from avgate_contracts.http import HttpClient, Response, Runtime, open_client
from avgate_contracts.http.body import UNSET, Unset
from avgate_contracts.record import Json
from avgate_contracts.settings import ConnectorSettings
from avgate_gateway.cli.answers import (
    Answer,
    DeliveryAnswer,
    DeliveryPage,
    EndpointAnswer,
    EndpointPage,
    HandoverAnswer,
    HandoverPage,
    PlanAnswer,
    ProblemAnswer,
    ReportAnswer,
    RequestAnswer,
    TaskAnswer,
    TaskPage,
)
from avgate_gateway.cli.exits import CommandError, Exit
from avgate_gateway.settings.value import SafeAddress

_LIMITS = Limits(concurrency=4, timeout=30.0, deadline=90.0, attempts=4)
_LARGEST_PACKAGE = 1024**4  # bytes: nobody's recordings come near it
_ONE = "/v1/requests/{id}"
_PROBLEMS = (400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 414, 415, 422, 431)
_NO_IDS: Mapping[str, str] = {}
Shape = TypeVar("Shape", bound=Answer)


class _GatewaySettings(ConnectorSettings):
    """Where the gateway is, and the token for it; a token never goes over plain HTTP elsewhere."""

    base_url: SafeAddress
    private_networks: tuple[str, ...] = tuple(
        map(str, PRIVATE)
    )  # whoever types it knows where it is
    token: SecretStr

    def credentials(self) -> Credentials:
        return Bearer(self.token)


class GatewayClient:
    """One caller's conversation with a gateway; every call may be repeated.

    Raises CommandError, with the gateway's own words where it gave any.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    @classmethod
    def at(cls, url: str, token: str, runtime: Runtime | None = None) -> Self:
        """A client of the gateway at this address; raises CommandError if it cannot be one."""
        try:
            settings = _GatewaySettings(base_url=url.rstrip("/"), token=SecretStr(token))
            return cls(open_client(settings, _LIMITS, runtime or Runtime()))
        except (ValidationError, ConnectorError):
            message = "the address of the gateway must be https, or http on this machine"
            raise CommandError(message) from None

    async def submit(self, body: Mapping[str, Json], *, key: str) -> RequestAnswer:
        answer = await self._send("POST", "/v1/requests", json=dict(body), key=key)
        return _read(answer, RequestAnswer)

    async def request(self, request_id: str) -> RequestAnswer:
        return _read(await self._send("GET", _ONE, ids={"id": request_id}), RequestAnswer)

    async def plan(self, request_id: str) -> PlanAnswer:
        return _read(await self._send("GET", f"{_ONE}/plan", ids={"id": request_id}), PlanAnswer)

    async def report(self, request_id: str) -> ReportAnswer:
        answer = await self._send("GET", f"{_ONE}/report", ids={"id": request_id})
        return _read(answer, ReportAnswer)

    async def verify(self, request_id: str, identity: Mapping[str, Json]) -> RequestAnswer:
        """Records that identity is verified."""
        path = f"{_ONE}/identity"
        answer = await self._send("POST", path, ids={"id": request_id}, json=dict(identity))
        return _read(answer, RequestAnswer)

    async def decide(
        self, request_id: str, digest: str, *, approve: bool, reason: str | None = None
    ) -> RequestAnswer:
        """Approves or rejects exactly the plan with this digest."""
        body: dict[str, Json] = {
            "plan_digest": digest,
            "decision": "approve" if approve else "reject",
        }
        if reason is not None:
            body["reason"] = reason
        path = f"{_ONE}/approval"
        return _read(
            await self._send("POST", path, ids={"id": request_id}, json=body), RequestAnswer
        )

    async def tasks(self, state: str | None = "open") -> AsyncIterator[TaskAnswer]:
        """Every task of the controller in this state, oldest first."""
        params: dict[str, str | int] = {"limit": 200}
        if state is not None:
            params["state"] = state
        while True:
            page = _read(await self._send("GET", "/v1/tasks", params=params), TaskPage)
            for task in page.items:
                yield task
            if page.next is None:
                return
            params["cursor"] = page.next

    async def complete(self, task_id: str, evidence: str, by: str | None = None) -> TaskAnswer:
        body: dict[str, Json] = {"evidence": evidence}
        if by is not None:
            body["completed_by"] = by
        path = "/v1/tasks/{id}/completion"
        return _read(await self._send("POST", path, ids={"id": task_id}, json=body), TaskAnswer)

    async def endpoints(self) -> tuple[EndpointAnswer, ...]:
        """Who is told of the controller's events."""
        return _read(await self._send("GET", "/v1/webhooks"), EndpointPage).items

    async def deliveries(self, asked: Mapping[str, str], most: int) -> tuple[DeliveryAnswer, ...]:
        """The newest deliveries of an endpoint, request or state."""
        params: dict[str, str | int] = {**asked, "limit": most}
        answer = await self._send("GET", "/v1/webhooks/deliveries", params=params)
        return _read(answer, DeliveryPage).items

    async def replay(self, delivery_id: str) -> DeliveryAnswer:
        """Sends a delivery again."""
        path = "/v1/webhooks/deliveries/{id}/replay"
        return _read(await self._send("POST", path, ids={"id": delivery_id}), DeliveryAnswer)

    async def enable(self, name: str) -> EndpointAnswer:
        """Sends to an endpoint again, what was held too."""
        path = "/v1/webhooks/endpoints/{name}/enable"
        return _read(await self._send("POST", path, ids={"name": name}), EndpointAnswer)

    async def test(self, name: str) -> DeliveryAnswer:
        """Has a test sent to an endpoint."""
        path = "/v1/webhooks/endpoints/{name}/test"
        return _read(await self._send("POST", path, ids={"name": name}), DeliveryAnswer)

    async def package(self, request_id: str, to: BinaryIO) -> int:
        """Writes the copy, a ZIP, and returns its size in bytes."""
        return await self._written(f"{_ONE}/package", request_id, {}, to)

    async def letter(self, request_id: str, which: Mapping[str, str | int], to: BinaryIO) -> int:
        """Writes the letter to the person, a PDF, and returns its size in bytes."""
        return await self._written(f"{_ONE}/letter", request_id, which, to)

    async def hand_over(self, request_id: str, to: str) -> HandoverAnswer:
        """Has the copy handed over; asked again, it is the same handover."""
        path, ids = f"{_ONE}/handover", {"id": request_id}
        return _read(
            await self._send("POST", path, ids=ids, json={"destination": to}), HandoverAnswer
        )

    async def handovers(self, request_id: str) -> list[HandoverAnswer]:
        answer = await self._send("GET", f"{_ONE}/handovers", ids={"id": request_id})
        return list(_read(answer, HandoverPage).items)

    async def _written(
        self, path: str, request_id: str, params: Mapping[str, str | int], to: BinaryIO
    ) -> int:
        size = 0
        try:
            async with self._http.stream(
                "GET",
                path,
                ids={"id": request_id},
                params=params,
                accept=_PROBLEMS,
                max_bytes=_LARGEST_PACKAGE,
            ) as body:
                if body.status != 200:
                    raise _refusal(body.status, b"".join([piece async for piece in body.chunks]))
                async for piece in body.chunks:
                    size += to.write(piece)
        except ConnectorError as error:
            raise _unanswered(error) from None
        return size

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        ids: Mapping[str, str] = _NO_IDS,
        params: Mapping[str, str | int] | None = None,
        json: Json | Unset = UNSET,
        key: str | None = None,
    ) -> Response:
        try:
            answer = await self._http.send(
                method,
                path,
                ids=ids,
                params=params,
                json=json,
                key=key,
                accept=_PROBLEMS,
                repeatable=True,
            )
        except ConnectorError as error:
            raise _unanswered(error) from None
        if answer.status >= 400:
            raise _refusal(answer.status, answer.body)
        return answer


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[GatewayClient]:
    """A client that is closed again."""
    client = GatewayClient.at(url, token)
    try:
        yield client
    finally:
        await client.aclose()


def _read(answer: Response, shape: type[Shape]) -> Shape:
    try:
        return answer.parse(shape)
    except ContractBrokenError:
        message = "what answers there is no gateway of this release; look at the address"
        raise CommandError(message, Exit.WRONG) from None


def _refusal(status: int, body: bytes) -> CommandError:
    """The gateway's own words; it never puts personal data into a problem."""
    code = Exit.NOT_FOUND if status == 404 else Exit.WRONG
    try:
        problem = ProblemAnswer.model_validate_json(body)
    except ValidationError:
        return CommandError(f"the gateway refused with status {status}", code)
    places = "; ".join(f"{one.place}: {one.detail}".strip(": ") for one in problem.errors)
    told = ". ".join(part.rstrip(".") for part in (problem.title, problem.detail, places) if part)
    return CommandError(f"{told}.", code)


def _unanswered(error: ConnectorError) -> CommandError:
    match error:
        case UnavailableError():
            message = "the gateway does not answer; see that `avgate serve` runs at this address"
            return CommandError(message, Exit.UNREACHABLE)
        case InvalidIdentifierError():
            return CommandError("that cannot be the id of a request or task")
        case _:
            return CommandError(f"the call to the gateway failed: {error}", Exit.WRONG)

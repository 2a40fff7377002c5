"""`/me/…`: log-in, renewal, log-out, and the little that an API user is; the first are bare."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.kernel import Kernel, json_response
from avgate_mocks.xelion.body import sent_object, sent_text, sent_word
from avgate_mocks.xelion.envelope import one
from avgate_mocks.xelion.gate import session_of
from avgate_mocks.xelion.refusal import XelionError
from avgate_mocks.xelion.scalar import stored
from avgate_mocks.xelion.session import Sessions
from avgate_mocks.xelion.tenant import Tenants


class MeRoutes:
    def __init__(self, kernel: Kernel, sessions: Sessions, tenants: Tenants) -> None:
        self._kernel = kernel
        self._sessions = sessions
        self._tenants = tenants

    def routes(self) -> list[Route]:
        return [
            Route("/me/login", self.login, methods=["POST"]),
            Route("/me/renew", self.renew, methods=["POST"]),
            Route("/me/logout", self.logout, methods=["POST"]),
            Route("/me/info", self.info, methods=["GET"]),
            Route("/me/status", self.status, methods=["GET"]),
            Route("/me/status", self.announce, methods=["PUT"]),
            Route("/me/message", self.announce, methods=["PUT"]),
            Route("/me/phone/caller_id", self.caller_id, methods=["GET"]),
            Route("/me/device/calls", self.calls, methods=["GET"]),
        ]

    async def login(self, request: Request) -> Response:
        try:
            credentials = await sent_object(request)
        except XelionError as error:
            raise self._sessions.unreadable(error) from None
        old = request.headers.get("Authorization")
        tenant = request.path_params["tenant"]
        return json_response(self._sessions.login(tenant, credentials, old))

    async def renew(self, request: Request) -> Response:
        secret = await sent_text(request)
        return json_response(self._sessions.renew(session_of(request), secret))

    async def logout(self, request: Request) -> Response:
        self._sessions.end(session_of(request))
        return Response()

    async def info(self, request: Request) -> Response:
        """The API user, under whose name no card stands in the address book."""
        installation = self._tenants.of(request).installation
        (user,) = installation.collections["users"].values()
        own = {
            "userId": int(user["oid"]),
            "person": {"objectType": "Person", "commonName": user["commonName"]},
            "presenceInfo": dict(installation.presence),
        }
        return one(request, "users", {**user, **own})

    async def status(self, request: Request) -> Response:
        presence = self._tenants.of(request).installation.presence
        return json_response({"object": presence["status"], "links": []})

    async def announce(self, request: Request) -> Response:
        """A status or a message, which colleagues would see; nobody is here to see it."""
        presence = self._tenants.of(request).installation.presence
        presence[request.url.path.rpartition("/")[2]] = stored(await sent_word(request))
        self._kernel.effect(request, kind="announce", subject=None, status=200)
        return Response()

    async def caller_id(self, _request: Request) -> Response:
        raise XelionError(404, 10054, "the user has no phone line")

    async def calls(self, _request: Request) -> Response:
        raise XelionError(404, 10050, "the device is not registered")

"""`/me/login`, `/me/renew`, `/me/logout`; their answers are bare, in no envelope."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.kernel import json_response
from avgate_mocks.xelion.body import sent_object, sent_text
from avgate_mocks.xelion.gate import session_of
from avgate_mocks.xelion.session import Sessions


class MeRoutes:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def routes(self) -> list[Route]:
        return [
            Route("/me/login", self.login, methods=["POST"]),
            Route("/me/renew", self.renew, methods=["POST"]),
            Route("/me/logout", self.logout, methods=["POST"]),
        ]

    async def login(self, request: Request) -> Response:
        credentials = await sent_object(request)
        old = request.headers.get("Authorization")
        tenant = request.path_params["tenant"]
        return json_response(self._sessions.login(tenant, credentials, old))

    async def renew(self, request: Request) -> Response:
        secret = await sent_text(request)
        return json_response(self._sessions.renew(session_of(request), secret))

    async def logout(self, request: Request) -> Response:
        self._sessions.end(session_of(request))
        return Response()

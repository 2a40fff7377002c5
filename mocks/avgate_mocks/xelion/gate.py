"""Lets in calls of a live session that has room for them, and words every refusal."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from avgate_mocks.kernel import Kernel
from avgate_mocks.xelion.habits import Habits
from avgate_mocks.xelion.refusal import XelionError, answer, no_such_object
from avgate_mocks.xelion.session import Session, Sessions

_SESSION = "avgate_mocks.xelion.session"


def session_of(request: Request) -> Session:
    session: Session = request.scope[_SESSION]
    return session


class Gate:
    """Around the routes of a tenant; a call holds its slot until its answer is sent whole."""

    def __init__(self, app: ASGIApp, kernel: Kernel, sessions: Sessions, habits: Habits) -> None:
        self._app = app
        self._kernel = kernel
        self._sessions = sessions
        self._habits = habits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            with self._admitted(request):
                # Calls that came together are in together: else none would ever be one too many.
                await self._kernel.world.sleep(self._kernel.world.latency_seconds)
                await self._app(scope, receive, send)
        except XelionError as error:
            await answer(error, request)(scope, receive, send)
        except HTTPException:
            # No such path, or no such method on it: the table of errors knows only one code.
            await answer(no_such_object(), request)(scope, receive, send)

    def _admitted(self, request: Request) -> AbstractContextManager[None]:
        if request.url.path.endswith("/me/login"):
            return nullcontext()
        session = self._sessions.of(
            request.path_params["tenant"],
            request.headers.get("Authorization"),
            run_out=self._kernel.token_expired(request),
        )
        request.scope[_SESSION] = session
        return session.slot(self._habits.concurrency)

"""Level 3, resilience: credentials that run out are renewed, and wrong ones are an operator's."""

from __future__ import annotations

import httpx

from avgate_contracts.connector import SupportsAccess
from avgate_contracts.credentials import ClientCredentials, Credentials, Session
from avgate_contracts.errors import MisconfiguredError
from avgate_contracts.kit.bench import bench_of, told
from avgate_contracts.kit.contract_resilience import ever, places
from avgate_contracts.kit.declared import Declared
from avgate_contracts.kit.fault import UNAUTHORISED
from avgate_contracts.kit.fault_transport import is_token
from avgate_contracts.kit.law import law
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.shown import shown
from avgate_contracts.kit.verdict import expect, some


class Expiring(httpx.AsyncBaseTransport):
    """An upstream whose token runs out in the middle: no call with it is answered any more.

    Recordings have one token, so a renewed one is made of that.
    """

    def __init__(
        self, upstream: httpx.AsyncBaseTransport, credentials: Credentials, nth: int
    ) -> None:
        self._upstream = upstream
        self._credentials = credentials
        self._left = nth
        self._ended = ""
        self.renewed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As the upstream would, and 401 with the token that has run out."""
        if is_token(request, self._credentials):
            return await self._token(request)
        proof = request.headers.get("authorization", "")
        if self._left == 0 and not self._ended:
            self._ended = proof
        self._left -= 1
        if proof == self._ended:
            return httpx.Response(401)
        return await self._upstream.handle_async_request(request)

    async def _token(self, request: httpx.Request) -> httpx.Response:
        answer = await self._upstream.handle_async_request(request)
        if not self._ended:
            return answer
        self.renewed += 1
        old = self._ended.partition(" ")[2].encode()
        body = (await answer.aread()).replace(old, old + b"2")
        return httpx.Response(answer.status_code, headers=_typed(answer), content=body)


class CredentialLaws(Declared):
    """What holds whatever the upstream asks for as proof."""

    @law(3)
    async def test_refused_credentials_are_an_operators_task(self) -> None:
        bench, wrong = bench_of(type(self)), []
        for place in [each async for each in places(bench)]:
            run, _ = await ever(bench, place, UNAUTHORISED)
            if not isinstance(run.error, MisconfiguredError):
                wrong.append(f"in {place}: {told(run.error)}")
        expect(
            not wrong,
            "where the upstream refuses the credentials, MisconfiguredError is raised",
            some(wrong),
            "let it through: an operator is told, and nobody takes it for nothing held",
        )

    @law(3, SupportsAccess)
    async def test_a_token_that_runs_out_is_renewed(self) -> None:
        bench = bench_of(type(self))
        credentials = bench.cast.settings.credentials()
        if not isinstance(credentials, ClientCredentials | Session):
            return  # fixed ones cannot be renewed: the law above is all there is
        happy = await bench.happy("access")
        count = sum(not asked.is_token for asked in happy.asked)
        upstream = Expiring(bench.stand_in("access"), credentials, count // 2)
        run = await bench.stage("access", upstream, lambda play: play.play("access"))
        expect(
            run.error is None and _same(run, happy) and upstream.renewed > 0,
            "a token that runs out half-way is renewed once, and the result is as ever",
            told(run.error),
            "declare the log-in with credentials() of the settings and let the client do it",
        )


def _same(run: Run, happy: Run) -> bool:
    return shown(run.step("access").findings) == shown(happy.step("access").findings)


def _typed(answer: httpx.Response) -> dict[str, str]:
    return {"content-type": answer.headers.get("content-type", "application/json")}

"""OpenDSR over HTTP for one processor, under the names of one of its versions."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from avgate_mocks.answers import KeyReusedError
from avgate_mocks.kernel import json_response
from avgate_mocks.subprocessors.answering import OPENDSR, Naming, receipted, refusal, signed
from avgate_mocks.subprocessors.job import Job
from avgate_mocks.subprocessors.orders import SubjectRequest
from avgate_mocks.subprocessors.processor import Processor, encoded
from avgate_mocks.subprocessors.published import Published, conditional


@dataclass(frozen=True, slots=True)
class ProcessorRoutes:
    """The paths below one processor's prefix."""

    processor: Processor
    published: Published
    naming: Naming = OPENDSR

    def routes(self) -> list[Route]:
        under = f"/opendsr/{self.processor.what.name}/{self.naming.path}"
        requests = f"{under}/{self.naming.requests}"
        return [
            Route(f"{under}/discovery", self.discovery),
            Route(f"{under}/certificate.pem", self.certificate),
            Route(requests, self.create, methods=["POST"]),
            Route(f"{requests}/{{id}}", self.state, methods=["GET"]),
            Route(f"{requests}/{{id}}", self.cancel, methods=["DELETE"]),
            Route(f"{requests}/{{id}}/results", self.results),
        ]

    async def discovery(self, request: Request) -> Response:
        """What can be asked here; an extension of ours names the subprocessors."""
        what = self.processor.what
        extension = {
            "supported_identities": _supported(what.extended),
            "subprocessors": self.published.lines(),
        }
        document = {
            "api_version": self.naming.api_version,
            "supported_identities": _supported(what.identities),
            "supported_subject_request_types": ["access", "portability", "erasure"],
            "processor_certificate": f"{_here(request)}/certificate.pem",
            "extensions": {what.domain: extension},
        }
        return conditional(request, json_response(document), self.published)

    async def certificate(self, _request: Request) -> Response:
        return Response(self.processor.seal.certificate, media_type="application/x-pem-file")

    async def create(self, request: Request) -> Response:
        controller = self._controller(request)
        if controller is None:
            return refusal(401, "unknown token")
        body = await request.body()
        try:
            order = SubjectRequest.model_validate_json(body, context=self._context())
        except ValidationError as error:
            reasons = (".".join(map(str, line["loc"])) for line in error.errors())
            return refusal(400, "the request is not valid", tuple(reasons))
        return self._once(request, controller, order, body)

    async def state(self, request: Request) -> Response:
        job = self._job(request)
        return self._unknown(request) if job is None else self._shown(request, job)

    async def cancel(self, request: Request) -> Response:
        job = self._job(request)
        if job is None:
            return self._unknown(request)
        now = self.processor.kernel.clock.now()
        if job.status(now) != "pending":
            return refusal(400, "only a pending request can be cancelled")
        self.processor.cancel(job)
        self.processor.kernel.effect(request, kind="cancel", subject=None, status=202)
        answer = {
            **job.receipt(),
            "received_time": now.isoformat(),
            "api_version": self.naming.api_version,
        }
        return receipted(self.processor.seal, answer, self.naming, 202)

    async def results(self, request: Request) -> Response:
        job = self._job(request)
        if job is None or job.results is None or not job.downloadable:
            return self._unknown(request)
        if self.processor.results_gone(job):
            return refusal(410, "results are kept for seven days")
        results = [held.as_json() for held in job.results]
        return json_response({"subject_request_id": job.id, "results": results})

    def _once(
        self, request: Request, controller: str, order: SubjectRequest, body: bytes
    ) -> Response:
        """One effect per id; a repeat may carry another moment of submission, but nothing else."""
        name = order.subject_request_id
        key = (self.processor.what.name, controller, name)
        same = order.model_dump_json(exclude={"submitted_time", "status_callback_urls"}).encode()
        try:
            return self.processor.kernel.once_for(
                request, name, key, same, lambda: self._create(request, controller, order, body)
            )
        except KeyReusedError:
            return refusal(400, "this subject_request_id was used before", ("duplicate",))

    def _create(
        self, request: Request, controller: str, order: SubjectRequest, body: bytes
    ) -> Response:
        identities = tuple(order.identities(self.processor.what.domain))
        if not identities:
            return refusal(400, "no identities", ("subject_identities",))
        if not self.processor.supports(identities):
            return refusal(400, "an identity type is not supported", ("subject_identities",))
        here = f"{_here(request)}/{self.naming.requests}"
        job, people = self.processor.accept(order, controller, here, self.naming)
        if job.kind == "erasure":
            for person in people:
                self.processor.kernel.effect(request, kind="order", subject=person.id, status=201)
        answer = {
            **job.receipt(),
            "received_time": job.received.isoformat(),
            "encoded_request": encoded(body),
        }
        return receipted(self.processor.seal, answer, self.naming, 201)

    def _shown(self, request: Request, job: Job) -> Response:
        status = job.status(self.processor.kernel.clock.now())
        state = job.state(status, f"{_here(request)}/{self.naming.requests}/{job.id}")
        shown = {**state, "api_version": self.naming.api_version}
        return signed(self.processor.seal, shown, self.naming)

    def _context(self) -> dict[str, object]:
        return {"naming": self.naming, "domain": self.processor.what.domain}

    def _job(self, request: Request) -> Job | None:
        controller = self._controller(request)
        if controller is None:
            return None
        return self.processor.job(controller, request.path_params["id"])

    def _unknown(self, request: Request) -> Response:
        if self._controller(request) is None:
            return refusal(401, "unknown token")
        return refusal(404, "no such request")

    def _controller(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self.processor.controller(token) if scheme.lower() == "bearer" else None


def _supported(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"identity_type": kind, "identity_format": form} for kind, form in pairs]


def _here(request: Request) -> str:
    """The processor's base address, as the caller spells this host."""
    prefix = "/".join(request.url.path.split("/")[1:4])
    return f"{request.base_url}{prefix}"

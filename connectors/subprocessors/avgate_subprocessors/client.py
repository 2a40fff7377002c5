"""OpenDSR 2.0 over HTTP; nothing here knows whose rights it serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from avgate_contracts import (
    ConnectorError,
    ContractBrokenError,
    HttpClient,
    IdentifierKind,
    Json,
    MisconfiguredError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    Response,
    UnavailableError,
)
from avgate_subprocessors.models import (
    IDENTITY_KINDS,
    Certificate,
    Discovery,
    Form,
    Named,
    OpenDsrSettings,
    Receipt,
    RequestStatus,
    RequestType,
    Result,
    Results,
    forms,
    identity,
)
from avgate_subprocessors.questions import Questions
from avgate_subprocessors.trust import BadSignatureError, says_not_found

ReceiptT = TypeVar("ReceiptT", bound=Receipt)

_OURS = UUID("5f0d9d0e-3b1c-4d0c-9a57-0d3c2f6e8b11")  # the space our request ids are made in
_NO_REQUEST = "00000000-0000-4000-8000-000000000000"  # an id that nobody has given out
_REMEMBERED = 1000  # requests whose first time is known, a try or two after they were made


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, and how to let some of it pass (seconds)."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]


class OpenDsrClient:
    """Asks one processor, and believes only what it signed (RSA and SHA-256 over the body)."""

    def __init__(
        self,
        http: HttpClient,
        settings: OpenDsrSettings,
        clock: Clock,
        new_id: Callable[[], UUID],
    ) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock
        self._questions = Questions(new_id(), clock.now)
        self._known: tuple[Discovery, Certificate] | None = None
        self._submitted: dict[str, str] = {}  # when each of the latest requests was first made

    async def _said(self) -> tuple[Discovery, Certificate]:
        """Fetched once; again when a signature does not fit, or the certificate has ended."""
        known = self._known
        if known is None or not known[1].is_for(self._settings.signs_for, self._clock.now()):
            known = self._known = await self._discovered()
        return known

    async def check(self) -> None:
        """Raises a ConnectorError if address, token or certificate are wrong."""
        await self._discovered()
        await self._get(f"/requests/{_NO_REQUEST}", accept=(404,))

    async def takes(self, kind: RequestType, named: Iterable[Named]) -> tuple[Named, ...]:
        """Those of the identities by which it can be asked; none if it takes no such requests."""
        if kind not in (await self._said())[0].supported_subject_request_types:
            return ()
        own, extended = await self._forms()
        return tuple(one for one in named if one[0] in own or one[0] in extended)

    async def finds_by(self, kind: RequestType) -> frozenset[IdentifierKind]:
        """By what it can be asked for this; nothing if it takes no such requests."""
        if kind not in (await self._said())[0].supported_subject_request_types:
            return frozenset()
        names = {name for forms in await self._forms() for name in forms}
        return frozenset(IDENTITY_KINDS[name] for name in names if name in IDENTITY_KINDS)

    async def ask(
        self,
        kind: RequestType,
        named: Sequence[Named],
        patience: float,
        whether: Sequence[str] = (),
    ) -> Sequence[Result]:
        """What is held; where that was asked before and not completed yet, it goes on from there.

        `whether` these references are still there is asked anew, whatever was asked before.

        Raises UnavailableError if it takes longer than `patience` (seconds), and RefusedError if
        the processor cancelled the request.
        """
        request_id = self._questions.request(kind, named, whether)
        try:
            results = await self._answer(request_id, kind, named, patience)
        except UnavailableError:
            raise
        except OutcomeUnknownError as lost:  # nothing is lost by asking again, with the same id
            raise UnavailableError("nobody knows whether it was asked", after=lost.after) from None
        except ConnectorError:
            self._questions.answered(kind, named, whether)
            raise
        self._questions.answered(kind, named, whether)
        return results

    async def _answer(
        self, request_id: str, kind: RequestType, named: Sequence[Named], patience: float
    ) -> Sequence[Result]:
        receipt = await self.create(request_id, kind, named)
        status = await self._completed(request_id, receipt.expected_completion_time, patience)
        if status.request_status == "cancelled":
            raise RefusedError("the processor cancelled the request")
        if status.results_url is None and status.results_count == 0:
            return []
        if status.results_url is None:
            raise ContractBrokenError("the processor completed a request without its results")
        results = await self._results(status.results_url)
        if len(results) < (status.results_count or 0):
            raise ContractBrokenError("the processor counts more results than it hands out")
        return results

    async def erase(
        self, intention: str, named: Sequence[Named], callback_url: str | None = None
    ) -> Receipt:
        """Asks for erasure; the same intention makes the same request, so it takes effect once.

        Who is to be called when it changes is no part of the intention.
        """
        made = uuid5(_OURS, repr((intention, named)))
        request_id = str(UUID(bytes=made.bytes, version=4))
        return await self.create(request_id, "erasure", named, callback_url)

    async def create(
        self,
        request_id: str,
        kind: RequestType,
        named: Sequence[Named],
        callback_url: str | None = None,
    ) -> Receipt:
        """Asks for access, portability or erasure; the same id again is the same request.

        Raises BadSignatureError, and RefusedError where nothing was accepted.
        """
        own, extended = await self._forms()
        identities: Json = [identity(one, own[one[0]]) for one in named if one[0] in own]
        others: Json = [identity(one, extended[one[0]]) for one in named if one[0] not in own]
        body: dict[str, Json] = {
            "regulation": "gdpr",
            "subject_request_id": request_id,
            "subject_request_type": kind,
            "submitted_time": self._first_submitted(request_id),
            "subject_identities": identities,
            "api_version": "2.0",
        }
        if callback_url is not None:
            body["status_callback_urls"] = [callback_url]
        if others:
            body["extensions"] = {self._settings.signs_for: {"identities": others}}
        answer = await self._post(body, request_id)
        if answer.status >= 400:
            return await self._accepted_before(request_id, answer.status)
        return await self._signed(answer, Receipt, request_id)

    def _first_submitted(self, request_id: str) -> str:
        """The time in a request stays that of its first try, so that a repeat is the same body."""
        now = self._clock.now().isoformat(timespec="seconds")
        first = self._submitted.setdefault(request_id, now)
        if len(self._submitted) > _REMEMBERED:
            del self._submitted[next(iter(self._submitted))]
        return first

    async def status(self, request_id: str) -> RequestStatus:
        """How a request stands; raises BadSignatureError, and NotFoundError if it is not known."""
        answer = await self._get(f"/requests/{request_id}")
        return await self._signed(answer, RequestStatus, request_id)

    async def _completed(
        self, request_id: str, expected: datetime | None, patience: float
    ) -> RequestStatus:
        """Looks first when it is expected to be done, then less and less often."""
        pause = 0.5 if expected is None else (expected - self._clock.now()).total_seconds()
        waited = 0.0
        while waited < patience:
            pause = min(max(pause, 0.2), 5.0, patience - waited)
            await self._clock.sleep(pause)
            waited += pause
            status = await self.status(request_id)
            if status.request_status in {"completed", "cancelled"}:
                return status
            pause *= 2
        raise UnavailableError("the processor has not completed the request yet", after=60.0)

    async def _forms(self) -> tuple[Mapping[str, Form], Mapping[str, Form]]:
        """In which form each type of identity goes out: of OpenDSR itself, and of the extension."""
        discovery = (await self._said())[0]
        extension = discovery.extension(self._settings.signs_for)
        return forms(discovery.supported_identities), forms(extension.supported_identities)

    async def _results(self, address: str) -> Sequence[Result]:
        """The file of results; the token goes along only to the processor itself."""
        own = urlsplit(self._settings.opendsr_url)
        elsewhere = urlsplit(address)
        same = (own.scheme, own.netloc) == (elsewhere.scheme, elsewhere.netloc)
        headers = self._authorization() if same else {}
        answer = await self._http.send("GET", address, headers=headers, authenticated=False)
        return answer.parse(Results).results

    async def _accepted_before(self, request_id: str, status: int) -> Receipt:
        """Some processors refuse an id they have; asking for it tells that from a real refusal.

        So does one that takes a key for one body only (422 in the IETF's draft of Idempotency-Key):
        after a restart a repeat says another time.
        """
        answer = await self._get(f"/requests/{request_id}", accept=(400, 404))
        if answer.status >= 400:
            raise RefusedError("the processor refused the request", status=status)
        return await self._signed(answer, RequestStatus, request_id)

    async def _signed(self, answer: Response, shape: type[ReceiptT], request_id: str) -> ReceiptT:
        """An answer about this very request, after its signature was checked."""
        domain = answer.headers.get("x-opendsr-processor-domain", "")
        signature = answer.headers.get("x-opendsr-signature", "")
        if not signature:
            raise ContractBrokenError("an answer is not signed at all; is it the processor's?")
        if domain.lower() != self._settings.signs_for:
            raise BadSignatureError("an answer names another domain than the processor's own")
        if not (await self._said())[1].signed(answer.body, signature):
            self._known = None  # the processor may have a new key
            if not (await self._said())[1].signed(answer.body, signature):
                raise BadSignatureError("an answer is not signed with the processor's certificate")
        receipt = answer.parse(shape)
        if receipt.subject_request_id != request_id:
            raise BadSignatureError("an answer was signed for another request")
        return receipt

    async def _discovered(self) -> tuple[Discovery, Certificate]:
        answer = await self._document(f"{self._settings.opendsr_url}/discovery")
        discovery = answer.parse(Discovery)
        address = self._settings.certificate_url or discovery.processor_certificate
        certificate = Certificate((await self._document(address)).body)
        if not certificate.is_for(self._settings.signs_for, self._clock.now()):
            raise BadSignatureError("the processor's certificate is for another domain, or ended")
        return discovery, certificate

    async def _document(self, address: str) -> Response:
        with suppress(NotFoundError):  # which is said of requests, and of nothing else
            return await self._http.send("GET", address, authenticated=False)
        raise MisconfiguredError("no discovery or certificate is there: check opendsr_url")

    async def _get(self, path: str, *, accept: Collection[int] = ()) -> Response:
        url, headers = f"{self._settings.opendsr_url}{path}", self._authorization()
        answer = await self._http.send(
            "GET", url, headers=headers, accept={404, *accept}, authenticated=False
        )
        if answer.status == 404 and not says_not_found(answer.body):
            raise ContractBrokenError("a 404 that is not in OpenDSR's words; check opendsr_url")
        if answer.status == 404 and 404 not in accept:
            raise NotFoundError("the processor does not know the request", status=404)
        return answer

    async def _post(self, body: Json, key: str) -> Response:
        """The same request however often it comes; an id that is known may be refused."""
        return await self._http.send(
            "POST",
            f"{self._settings.opendsr_url}/requests",
            json=body,
            headers=self._authorization(),
            key=key,
            accept=(400, 409, 422),
            repeatable=True,
            authenticated=False,
        )

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._settings.token.get_secret_value()}"}

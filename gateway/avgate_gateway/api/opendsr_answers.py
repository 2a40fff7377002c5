"""What senders of OpenDSR are answered: bytes made once, signed, and sent as they were signed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime

from starlette.responses import Response

from avgate_gateway.api.answering import JSON
from avgate_gateway.opendsr.mapping import expected, text
from avgate_gateway.opendsr.naming import Naming
from avgate_gateway.opendsr.processor import Content, Processor
from avgate_gateway.request import SubjectRequest


def receipt(us: Processor, request: SubjectRequest, sender_id: str, sent: bytes) -> Content:
    """The answer to a request that was sent; a repeat makes the same bytes of the same body.

    So the body that it has to repeat, which names the person, is kept nowhere.
    """
    return {
        "controller_id": us.controller_id(request),
        "expected_completion_time": text(expected(request, extended=False)),
        "received_time": text(request.received_at),
        "encoded_request": b64encode(sent).decode(),
        "subject_request_id": sender_id,
    }


def cancellation(
    us: Processor, naming: Naming, request: SubjectRequest, sender_id: str, now: datetime
) -> Content:
    return {
        "controller_id": us.controller_id(request),
        "received_time": text(now),
        "subject_request_id": sender_id,
        "api_version": naming.api_version,
    }


def signed(
    us: Processor, naming: Naming, content: bytes, status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """An answer with the headers that sign it."""
    return Response(content, status, {**us.seal.headers(content, naming), **(headers or {})}, JSON)

"""How these processors word a refusal, and how their answers are signed."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from avgate_mocks.dialect import Dialect
from avgate_mocks.kernel import json_response
from avgate_mocks.subprocessors.seal import Seal


def refusal(status: int, message: str = "", reasons: tuple[str, ...] = ()) -> Response:
    """An error as OpenDSR 2.0 words it; it never repeats what was sent."""
    errors = [{"reason": reason, "message": message} for reason in reasons]
    told = message or f"error {status}"
    return json_response({"error": {"code": status, "message": told, "errors": errors}}, status)


def sealed(seal: Seal, content: object) -> tuple[bytes, dict[str, str]]:
    """A body, and the headers that sign it byte for byte (OpenDSR 2.0, security)."""
    body = orjson.dumps(content)
    headers = {
        "X-OpenDSR-Processor-Domain": seal.domain,
        "X-OpenDSR-Signature": seal.signature(body),
    }
    return body, headers


def signed(seal: Seal, content: object, status: int = 200) -> Response:
    body, headers = sealed(seal, content)
    return Response(body, status, headers, "application/json")


def receipted(seal: Seal, content: Mapping[str, object], status: int) -> Response:
    """Signed in a header, and in the body too, where `processor_signature` signs all the rest.

    OpenDSR 2.0 asks for both, and does not say how a body is to sign itself.
    """
    signature = seal.signature(orjson.dumps(content))
    return signed(seal, {**content, "processor_signature": signature}, status)


DIALECT = Dialect(refusal=refusal)

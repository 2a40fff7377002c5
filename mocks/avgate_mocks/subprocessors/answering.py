"""How these processors word a refusal, and how their answers are signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from starlette.responses import Response

from avgate_mocks.dialect import Dialect
from avgate_mocks.kernel import json_response
from avgate_mocks.subprocessors.seal import Seal


@dataclass(frozen=True, slots=True)
class Naming:
    """What a version of the protocol calls its paths and its headers."""

    path: str
    requests: str
    headers: str
    api_version: str


OPENDSR = Naming("v2", "requests", "X-OpenDSR", "2.0")
# OpenDSR 2.0 wants the names of its first version, OpenGDPR, to be honoured still (10.1).
OPENGDPR = Naming("v1", "opengdpr_requests", "X-OpenGDPR", "1.0")


def refusal(status: int, message: str = "", reasons: tuple[str, ...] = ()) -> Response:
    """An error as OpenDSR 2.0 words it; it never repeats what was sent."""
    errors = [{"reason": reason, "message": message} for reason in reasons]
    told = message or f"error {status}"
    return json_response({"error": {"code": status, "message": told, "errors": errors}}, status)


def sealed(seal: Seal, content: object, naming: Naming) -> tuple[bytes, dict[str, str]]:
    """A body, and the headers that sign it byte for byte (OpenDSR 2.0, security)."""
    body = orjson.dumps(content)
    headers = {
        f"{naming.headers}-Processor-Domain": seal.domain,
        f"{naming.headers}-Signature": seal.signature(body),
    }
    return body, headers


def signed(seal: Seal, content: object, naming: Naming, status: int = 200) -> Response:
    body, headers = sealed(seal, content, naming)
    return Response(body, status, headers, "application/json")


def receipted(seal: Seal, content: Mapping[str, object], naming: Naming, status: int) -> Response:
    """Signed in a header, and in the body too, where `processor_signature` signs all the rest.

    OpenDSR 2.0 asks for both, and does not say how a body is to sign itself.
    """
    signature = seal.signature(orjson.dumps(content))
    return signed(seal, {**content, "processor_signature": signature}, naming, status)


DIALECT = Dialect(refusal=refusal)

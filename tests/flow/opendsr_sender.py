"""Another system, which sends requests on by OpenDSR and believes only what is signed."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from avgate_gateway.opendsr.naming import OPENDSR, Naming
from avgate_mocks.people import Person

from .harness import JsonMap
from .indoors import Indoors

DOMAIN = "dsr.avgate.example"
BASE = "https://gateway.test"
SETTINGS = f"""
[opendsr]
url = "{BASE}"
domain = "{DOMAIN}"
"""
ID = "lv-7"  # what senders call Libervoice
_VOUCHED = f'opendsr_verified = true\nopendsr_ids = ["{ID}"]\ntitle = "Libervoice B.V."'


def vouched_for(config: str) -> str:
    """A config in which Libervoice takes its senders' word for an identity; Mister VoIP does not."""
    return config.replace('title = "Libervoice B.V."', _VOUCHED)


@dataclass
class Sender:
    """One client of the gateway that speaks one version."""

    here: Indoors
    naming: Naming = OPENDSR
    client: str = "portal"
    controller: str = "libervoice"

    @property
    def http(self) -> httpx.AsyncClient:
        return self.here.caller(self.client, self.controller)

    async def send(self, body: JsonMap) -> httpx.Response:
        return await self.http.post(self.naming.collection, json=body)

    async def sent(self, body: JsonMap) -> str:
        """Sends what is accepted; the sender's id of it."""
        return str((await self.told(await self.send(body), 201))["subject_request_id"])

    async def get(self, sender_id: str, part: str = "") -> httpx.Response:
        return await self.http.get(f"{self.naming.collection}/{sender_id}{part}")

    async def cancel(self, sender_id: str) -> httpx.Response:
        return await self.http.delete(f"{self.naming.collection}/{sender_id}")

    async def state(self, sender_id: str) -> JsonMap:
        return await self.told(await self.get(sender_id))

    async def status(self, sender_id: str) -> str:
        return str((await self.state(sender_id))["request_status"])

    async def told(self, answer: httpx.Response, status: int = 200) -> JsonMap:
        """What an answer says, if it is signed by the processor."""
        assert answer.status_code == status, answer.text
        assert answer.headers[f"{self.naming.headers}-Processor-Domain"] == DOMAIN
        signature = answer.headers[f"{self.naming.headers}-Signature"]
        check(await self.certificate(), answer.content, signature)
        return dict(answer.json())

    async def certificate(self) -> bytes:
        discovery = (await self.http.get(f"{self.naming.prefix}/discovery")).json()
        address = discovery["processor_certificate"]
        assert address.startswith(BASE)
        return (await self.http.get(address.removeprefix(BASE))).content

    async def request_id(self, sender_id: str) -> str:
        """Our own id of the newest request, which is the one that was just sent."""
        assert sender_id
        listed = (await self.http.get("/v1/requests?limit=1")).json()["items"]
        return str(listed[0]["id"])


PAGE = Path(__file__).parents[2] / "docs" / "opendsr.md"


def is_signed(pem: bytes, body: bytes, signature: str) -> bool:
    """As the page tells receivers to do it."""
    [code] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    told: dict[str, Any] = {}
    exec(code, told)  # noqa: S102 -- our own page
    return bool(told["is_signed"](pem, body, signature))


def check(pem: bytes, body: bytes, signature: str) -> None:
    """Raises InvalidSignature unless the certificate's key signed exactly these bytes."""
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert DOMAIN in names.get_values_for_type(x509.DNSName)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(b64decode(signature, validate=True), body, padding.PKCS1v15(), SHA256())


def a_request(kind: str, person: Person, here: Indoors, **more: Any) -> JsonMap:
    """A body as another system writes it; a member that is None is left out."""
    return a_body(kind, person, here.time.now(), **more)


def a_body(kind: str, person: Person, now: datetime, **more: Any) -> JsonMap:
    """The same, written then."""
    body = {
        "regulation": "gdpr",
        "subject_request_id": str(uuid4()),
        "subject_request_type": kind,
        "submitted_time": (now - timedelta(hours=1)).isoformat(),
        "subject_identities": [
            identity("email", person.emails[0]),
            identity("controller_customer_id", person.customer_id),
        ],
        "api_version": "2.0",
        **more,
    }
    return {name: value for name, value in body.items() if value is not None}


def numbers(person: Person) -> JsonMap:
    """The person's telephone numbers with their days, by our extension."""
    known = [one.as_json() for one in person.identifiers() if one.kind.value == "phone"]
    named = [identity(one.pop("kind"), one.pop("value"), **one) for one in known]
    return {DOMAIN: {"identities": named}}


def identity(kind: str, value: str, form: str = "raw", **more: str) -> JsonMap:
    return {"identity_type": kind, "identity_value": value, "identity_format": form, **more}

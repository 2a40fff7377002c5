"""What each version of the protocol calls its addresses and its headers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Naming:
    """One version: `prefix` and `requests` are of addresses, `headers` begins the names of headers."""

    name: str
    prefix: str
    requests: str
    headers: str
    api_version: str

    @property
    def collection(self) -> str:
        """Where requests are sent to."""
        return f"{self.prefix}/{self.requests}"

    def signed(self, domain: str, signature: str) -> dict[str, str]:
        """The headers of what is signed."""
        return {
            f"{self.headers}-Processor-Domain": domain,
            f"{self.headers}-Signature": signature,
        }


OPENDSR = Naming("opendsr", "/opendsr", "requests", "X-OpenDSR", "2.0")
# Version 2.0 has every party honour the addresses and headers of the first (section 10.1).
OPENGDPR = Naming("opengdpr", "/opengdpr", "opengdpr_requests", "X-OpenGDPR", "1.0")
NAMINGS = (OPENDSR, OPENGDPR)
BY_NAME = {naming.name: naming for naming in NAMINGS}

"""A connector's settings: typed, frozen, and silent about secrets."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

from avgate_contracts.credentials import Credentials, NoCredentials


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http(s) address without query or fragment")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold credentials; they have settings of their own")
    return value.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]


class ConnectorSettings(BaseModel):
    """The part of the operator's config that one connector is handed; secrets are `SecretStr`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: WebAddress

    def credentials(self) -> Credentials:
        """How calls to the upstream are authenticated."""
        return NoCredentials()

    def hosts(self) -> frozenset[str]:
        """The only hosts (`name:port`, or a bare name for the usual port) that may be called."""
        return frozenset({urlsplit(self.base_url).netloc})

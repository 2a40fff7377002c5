"""A connector's settings: typed, frozen, and silent about secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from avgate_contracts.credentials import Credentials, NoCredentials
from avgate_contracts.destination import origin_of, private_network, why_not_called


class _Written(str):
    """An address that stood in the config; so all of them are found in settings of any shape."""

    __slots__ = ()


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http(s) address without query or fragment")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold credentials; they have settings of their own")
    if origin_of(value) is None:
        raise ValueError("must be an http(s) address in plain letters: https://name:port/path")
    return _Written(value.rstrip("/"))


def _private(value: str) -> str:
    private_network(value)
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
PrivateNetwork = Annotated[str, AfterValidator(_private)]


class ConnectorSettings(BaseModel):
    """The part of the operator's config that one connector is handed; secrets are `SecretStr`.

    `private_networks` are the networks, such as 10.0.0.0/8, in which its upstream may be although
    they are not public; this machine needs none, only its address or `localhost` in `base_url`. `passes_trace`: the gateway's traces are nothing that
    a third party has to know of, unless it works on them with us.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: WebAddress = Field(description="Where the upstream is.")
    private_networks: tuple[PrivateNetwork, ...] = Field(
        (), description="The networks, such as 10.0.0.0/8, in which it may be though not public."
    )
    passes_trace: bool = Field(
        False, description="Whether the upstream is told, by traceparent, of which trace a call is."
    )

    @model_validator(mode="after")
    def _lead_to_upstreams(self) -> Self:
        for address in _addresses(dict(self)):
            why = why_not_called(address, self.private_networks)
            if why is not None:
                raise ValueError(f"an address here cannot be called: {why}")
        return self

    def credentials(self) -> Credentials:
        """How calls to the upstream are authenticated."""
        return NoCredentials()

    def hosts(self) -> frozenset[str]:
        """The only hosts (`name:port`, or a bare name for the usual port) that may be called."""
        return frozenset({urlsplit(self.base_url).netloc})


def _addresses(value: object) -> Iterator[str]:
    """Every address in settings, however deep it stands."""
    if isinstance(value, _Written):
        yield value
    elif isinstance(value, BaseModel):
        yield from _addresses(dict(value))
    elif isinstance(value, Mapping):
        yield from _addresses(value.values())
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for one in value:
            yield from _addresses(one)

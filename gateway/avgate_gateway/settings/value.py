"""What a setting may be: the types of values that several settings share."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
)

from avgate_contracts.destination import origin_of
from avgate_gateway.allowance import Allowance, AllowanceError
from avgate_gateway.hosts import writable
from avgate_gateway.mistake import WrongValueError

SQLITE = "sqlite:///"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _beside(path: Path, info: ValidationInfo) -> Path:
    """A path in the config is relative to the folder of the config, wherever we are started."""
    folder = (info.context or {}).get("folder", Path())
    return Path(folder, path.expanduser())


def _database(url: str, info: ValidationInfo) -> str:
    if url.startswith(SQLITE) and url.removeprefix(SQLITE) not in {"", "/", ":memory:"}:
        return f"{SQLITE}{_beside(Path(url.removeprefix(SQLITE)), info).absolute()}"
    parts = urlsplit(url)
    if parts.scheme == "postgresql" and len(parts.path) > 1:
        return writable(url)
    raise WrongValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")


def safe_address(url: str) -> str:
    """An https address without credentials, or one of this machine. Raises WrongValueError."""
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    is_safe = parts.scheme == "https" or is_local
    if not parts.hostname or parts.username or not is_safe or origin_of(url) is None:
        raise WrongValueError("must be an https address without credentials")
    return url


def readable(entries: tuple[str, ...]) -> tuple[str, ...]:
    try:
        Allowance.of(entries)
    except AllowanceError as error:
        raise WrongValueError(str(error)) from None
    return entries


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise WrongValueError("must be an address, or a network such as 10.0.0.0/8") from None
    return text


File = Annotated[Path, AfterValidator(_beside)]
Database = Annotated[str, AfterValidator(_database)]
Network = Annotated[str, AfterValidator(_network)]
SafeAddress = Annotated[str, AfterValidator(safe_address)]
Days = Annotated[int, Field(strict=True, ge=1, le=3650)]
Bytes = Annotated[int, Field(strict=True, ge=1024, le=16_777_216)]
Calls = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
Domain = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$", max_length=253)
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


class Part(BaseModel):
    """One table of the config: frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True
    )

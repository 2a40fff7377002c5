"""Which account of PostgreSQL an address names, and the address of the one that owns the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from avgate_gateway.hosts import writable
from avgate_gateway.settings.error import SettingsError
from avgate_gateway.settings.reference import References

_OPTION = Path("--owner")
_FORMS = "postgresql://USER@HOST/NAME, env:NAME or file:PATH"


def owner_address(text: str, environ: Mapping[str, str]) -> str:
    """The address that an option gives as a setting would, by name or by file; raises SettingsError."""
    references = References(Path(), environ)
    address: str = references.resolve({"database": text})["database"]
    if references.mistakes:
        told = [mistake.removeprefix("database: ") for mistake in references.mistakes]
        raise SettingsError(_OPTION, told)
    if not address.startswith("postgresql://"):
        raise SettingsError(_OPTION, [f"must be {_FORMS}"])
    if address == text and _told(address)["password"]:
        seen = "a password in a command is seen by everybody on this machine"
        raise SettingsError(_OPTION, [f"{seen}; give env:NAME or file:PATH"])
    return writable(address)


def account_of(address: str) -> str | None:
    """The account that an address names, if it does."""
    return _told(address)["user"]


def _told(address: str) -> Mapping[str, str | None]:
    parts = urlsplit(address)
    more = dict(parse_qsl(parts.query))
    user = unquote(parts.username) if parts.username else more.get("user")
    return {"user": user, "password": parts.password or more.get("password")}

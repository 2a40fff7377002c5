"""Style sheets and scripts, each at an address that changes with what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOREVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them, read once."""

    contents: Mapping[str, bytes]
    version: str

    @classmethod
    def read(cls) -> Assets:
        folder = files(__package__).joinpath("assets")
        found = {
            one.name: one.read_bytes()
            for one in sorted(folder.iterdir(), key=lambda each: each.name)
            if one.name.rpartition(".")[2] in _KINDS
        }
        whole = sha256()
        for name, content in found.items():
            whole.update(name.encode() + b"\0" + content)
        return cls(found, whole.hexdigest()[:12])

    def address(self, name: str) -> str:
        """Where a page finds it; raises KeyError for what there is none of."""
        self.contents[name]
        return f"/console/assets/{self.version}/{name}"

    async def serve(self, http: Request) -> Response:
        name = http.path_params["name"]
        if name not in self.contents or http.path_params["version"] != self.version:
            raise HTTPException(404)
        headers = {"cache-control": _FOREVER}
        return Response(
            self.contents[name], headers=headers, media_type=_KINDS[name.rpartition(".")[2]]
        )


ASSETS: Final = Assets.read()

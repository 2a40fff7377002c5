"""Distributions as they lie in site-packages, written into a folder for one test."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from avgate_contracts.conformance import FILE_NAME, source_digest

CONNECTOR = """
from collections.abc import AsyncIterator
from typing import ClassVar

import avgate_contracts as sdk


class Acme(sdk.Connector, sdk.SupportsAccess):
    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        name="acme",
        title="Acme",
        processor="Acme B.V.",
        finds_by=frozenset({sdk.IdentifierKind.EMAIL}),
        holds=frozenset({sdk.Category.CRM_DATA}),
    )
    settings_type = sdk.ConnectorSettings

    def __init__(self, settings: sdk.ConnectorSettings, http: sdk.HttpClient) -> None:
        self._http = http

    async def check(self) -> None:
        await self._http.send("GET", "/me")

    async def access(self, subject: sdk.DataSubject) -> AsyncIterator[sdk.Finding]:
        return
        yield
"""
PROTOCOL = 'name="acme",'


@dataclass(frozen=True)
class Site:
    """A folder of installed distributions that Python imports from."""

    folder: Path

    def install(
        self,
        distribution: str,
        source: str = CONNECTOR,
        *,
        version: str = "1.2",
        entry: str = "acme = {package}:Acme",
        group: str = "avgate.connectors.v1",
    ) -> Path:
        """Gives the folder of its import package."""
        package = self.folder / distribution.replace("-", "_").lower()
        package.mkdir()
        (package / "__init__.py").write_text(source, "utf-8")
        about = self.folder / f"{package.name}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", "utf-8"
        )
        points = f"[{group}]\n{entry.format(package=package.name)}\n"
        (about / "entry_points.txt").write_text(points, "utf-8")
        return package

    def about(self, distribution: str) -> Path:
        (found,) = self.folder.glob(f"{distribution.replace('-', '_')}-*.dist-info")
        return found

    def installed(self) -> Iterable[Distribution]:
        return distributions(path=[str(self.folder)])


def claim(package: Path, level: object = 4, **other: Any) -> None:
    """Puts evidence into a package, about the package as it is now."""
    said: Mapping[str, Any] = {
        "format": 1,
        "connector": "acme",
        "protocol": "1.0",
        "level": level,
        "source": source_digest(package),
        **other,
    }
    (package / FILE_NAME).write_text(json.dumps(said), "utf-8")


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Imports come from the folder too, and are forgotten after."""
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield Site(folder)
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]

"""A config with something of everything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from avgate_gateway.settings import (
    SettingsError,
    load,
)

SECRET = "hunter2-hunter2"

CONFIG = """
database = "sqlite:///avgate.db"
master_key_file = "keys/avgate.key"
connectors_allowed = ["avgate", "partner-crm"]

[controllers.libervoice]
title = "Libervoice B.V."
language = "nl"
retention = "libervoice-2019"
answer_within_days = 28
approval_exempt_clients = ["crm"]

[controllers.libervoice.connectors.operator]
base_url = "http://127.0.0.1:9100/tmf-api"
client_id = "libervoice"
client_secret = "env:OPERATOR_SECRET"

[controllers.libervoice.connectors.xelion]
password = "file:xelion.secret"
hosts = ["env:XELION_HOST", "b"]

[controllers.mister-voip]
title = "Mister VoIP"
retention = "mister-voip"
"""
ENVIRON = {"OPERATOR_SECRET": SECRET, "XELION_HOST": "a"}
LEAST = '[controllers.a]\ntitle = "A"\nretention = "a"\n'


def written(folder: Path, text: str = CONFIG) -> Path:
    (folder / "xelion.secret").write_text(SECRET + "\n")
    path = folder / "avgate.toml"
    path.write_text(text)
    return path


def refusal(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The lines of the error, without the name of the file that each begins with."""
    path = written(folder, text)
    with pytest.raises(SettingsError) as caught:
        load(path, environ or {})
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


class Operator(BaseModel):
    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(description="Where it is.")
    client_id: str
    client_secret: SecretStr | None = None


class Nested(BaseModel):
    password: SecretStr
    hosts: list[str]

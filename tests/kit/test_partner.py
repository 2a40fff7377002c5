"""A partner's package, built and installed beside ours, is found and used without our knowing it."""

import importlib
import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import avgate_contracts as sdk
from avgate_contracts.kit.scaffold import Choice
from avgate_contracts.kit.scaffold.template import rendered

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/acme-avgate"
CONFIG = """
database = "sqlite:///avgate.db"
connectors_allowed = ["acme-avgate>=0.1,<1"]

[controllers.libervoice]
title = "Libervoice B.V."
retention = "libervoice-2019"

[controllers.libervoice.connectors.acme]
base_url = "{mock}"
client_id = "sandbox"
client_secret = "sandbox-secret"
"""
MOCK = "import acme_mock; m = acme_mock.Mock(); print(m.base_url, flush=True); m.serve_forever()"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with two wheels in it, and what those depend on.

    What they depend on is lent by the environment that runs the tests, so that no network is
    needed; ours and the example are installed.
    """
    folder = tmp_path_factory.mktemp("fresh")
    done([sys.executable, "-m", "venv", str(folder)], folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    found = folder / "bin/python"
    install = [str(found), "-m", "pip", "install", "--no-index", "--no-deps", "-q"]
    done([*install, "--no-compile", "--no-build-isolation", str(ROOT), str(EXAMPLE)], folder)
    return found


def done(command: Sequence[str], folder: Path) -> str:
    ended = subprocess.run(  # noqa: S603 -- our own commands
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def said_first(command: Sequence[str], folder: Path, errors: Path) -> Iterator[str]:
    """The first line that a program says, while it runs."""
    with errors.open("ab") as log:
        running = subprocess.Popen(  # noqa: S603 -- our own commands
            command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
    finally:
        running.terminate()
        running.communicate(timeout=30)


def test_the_example_is_what_the_scaffold_writes() -> None:
    """So that what is tried here is what a partner gets."""
    choice = Choice.of("acme", "oauth2-client-credentials", ["rectify", "erase", "export"])
    for path, text in rendered(choice, "0.1.0").items():
        assert (EXAMPLE / path).read_text("utf-8") == text, path


def test_the_installed_package_is_found_by_its_entry_point_and_only_if_it_is_allowed(
    python: Path, tmp_path: Path
) -> None:
    (tmp_path / "avgate.toml").write_text(CONFIG.format(mock="http://127.0.0.1:1024"), "utf-8")
    listed = [str(python), "-m", "avgate_gateway.cli", "connectors", "--json"]
    ended = subprocess.run(listed, cwd=tmp_path, capture_output=True, check=False)  # noqa: S603 -- ours
    found = {one["name"]: one for one in json.loads(ended.stdout)["items"]}
    assert found["acme"]["distribution"] == "acme-avgate"
    assert found["acme"]["refused"] is None
    assert found["acme"]["capabilities"] == ["access", "rectify", "erase", "export"]
    assert found["acme"]["configured_for"] == ["libervoice"]
    assert "connectors_allowed" in found["operator"]["refused"]


def test_a_request_is_carried_out_by_it(python: Path, tmp_path: Path) -> None:
    cli = [str(python), "-m", "avgate_gateway.cli"]
    mock, errors = [str(python), "-B", "-c", MOCK], tmp_path / "errors.log"
    with said_first(mock, EXAMPLE / "tests", errors) as address:
        (tmp_path / "avgate.toml").write_text(CONFIG.format(mock=address), "utf-8")
        with said_first([*cli, "serve", "--port", "0"], tmp_path, errors) as ready:
            asked = ["request", "access", "--url", ready.split()[-1], "--config", "avgate.toml"]
            who = ["--email", "fleur.bakker@example.org", "--client", "support-desk"]
            proof = ["--identity-method", "log-in", "--verified-by", "J. Jansen"]
            done([*cli, *asked, *who, *proof, "--output", "copy.zip"], tmp_path)
    with zipfile.ZipFile(tmp_path / "copy.zip") as package:
        cards = [name for name in package.namelist() if re.fullmatch(r"acme/.*\.json", name)]
        held = [card for name in cards for card in json.loads(package.read(name))]
    assert [card["label"] for card in held] == ["webshop", "service desk", "newsletter"]


async def test_pages_of_the_example_that_lead_in_a_circle_are_not_followed_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    client = importlib.import_module("acme_avgate.client")
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_avgate"]:
        del sys.modules[name]  # others have an Acme of their own
    asked = 0

    def circle(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        assert asked < 9, "it goes on for ever"
        return httpx.Response(200, json={"items": [], "next": "again"})

    settings = sdk.ConnectorSettings.model_validate({"base_url": "https://acme.example"})
    runtime = sdk.Runtime(transport=lambda: httpx.MockTransport(circle))
    async with sdk.open_client(settings, sdk.Limits(), runtime) as http:
        with pytest.raises(sdk.ContractBrokenError, match="lead back"):
            [card async for card in client.Client(http).cards("fleur.bakker@example.org")]

"""docs/http.md and the signature in docs/webhooks.md are what happens, block by block."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from .conftest import Casting
from .harness import Served

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOOLS = ("curl", "jq", "openssl")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"the pages need {', '.join(TOOLS)}"
)


def ran(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603 -- the commands of our own pages
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 -- the shell is whatever bash is
        cwd=folder, env={**os.environ, "PATH": path, **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_page_goes_from_a_question_to_a_letter(served: Served, anyone: Casting) -> None:
    [customer] = [one for one in anyone().identifiers() if one.kind == "customer_id"]
    script = "\n".join(_BLOCK.findall((DOCS / "http.md").read_text("utf-8")))
    script = script.replace("C-100016", customer.value)
    done = ran(script, served.folder, AVGATE_URL=served.base)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "idempotent-replayed: true" in done.stdout.lower()
    assert "\tprovided" in done.stdout
    assert re.search(r"^[0-9a-f-]{36} erase ", done.stdout, re.MULTILINE), "the list"
    assert (served.folder / "copy.zip").read_bytes().startswith(b"PK")
    assert (served.folder / "letter.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("is_theirs", [True, False])
def test_a_signature_is_verified_with_openssl_as_the_page_says(
    is_theirs: bool, tmp_path: Path
) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    body, moment = b'{"type":"webhook.test"}', "1767607200"
    signed = Webhook(secret).sign("id-7", datetime.fromtimestamp(int(moment), UTC), body.decode())
    (tmp_path / "body").write_bytes(body if is_theirs else body + b" ")
    page = (DOCS / "webhooks.md").read_text("utf-8")
    [script] = [block for block in _BLOCK.findall(page) if "openssl dgst" in block]
    done = ran(script, tmp_path, SECRET=secret, ID="id-7", TIMESTAMP=moment, SIGNATURE=signed)
    assert (done.returncode == 0) == is_theirs, done.stderr

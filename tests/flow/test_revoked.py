"""A client that was revoked stays out of a gateway that runs, though its token has not run out."""

from __future__ import annotations

import subprocess

from .harness import AVGATE, Served, until


def test_a_revoked_client_is_refused_within_half_a_minute_and_others_are_not(
    served: Served,
) -> None:
    gone, other = (served.caller("libervoice", name) for name in ("gone", "stays"))
    assert gone.http.get("/v1/retention").status_code == 200
    command = [*AVGATE, "revoke", "--config", str(served.folder / "avgate.toml")]
    subprocess.run([*command, "--client", "gone"], check=True, capture_output=True)  # noqa: S603 -- our own arguments
    until(lambda: gone.http.get("/v1/retention").status_code == 401, 30)
    answer = gone.http.get("/v1/retention")
    assert answer.json()["type"].endswith("invalid-token")
    assert "refused" in answer.headers["www-authenticate"]
    assert other.http.get("/v1/retention").status_code == 200
    lifting = [*command, "--lift", "--client", "gone"]
    subprocess.run(lifting, check=True, capture_output=True)  # noqa: S603 -- our own arguments
    until(lambda: gone.http.get("/v1/retention").status_code == 200, 30)

"""A client that was revoked stays out of a gateway that runs, though its token has not run out."""

from __future__ import annotations

from .harness import Served, command, until


def test_a_revoked_client_is_refused_within_half_a_minute_and_others_are_not(
    served: Served,
) -> None:
    gone, other = (served.caller("libervoice", name) for name in ("gone", "stays"))
    assert gone.http.get("/v1/retention").status_code == 200
    revoke = ("revoke", "--config", "avgate.toml", "--client", "gone")
    assert command(served.folder, *revoke)[0] == 0
    until(lambda: gone.http.get("/v1/retention").status_code == 401, 30)
    answer = gone.http.get("/v1/retention")
    assert answer.json()["type"].endswith("invalid-token")
    assert "refused" in answer.headers["www-authenticate"]
    assert other.http.get("/v1/retention").status_code == 200
    assert command(served.folder, *revoke, "--lift")[0] == 0
    until(lambda: gone.http.get("/v1/retention").status_code == 200, 30)

"""What the settings of a sign-in may be, and what is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_gateway.settings import Settings, SettingsError, explain, load

SECRET = "a secret that is shown nowhere"
LEAST = """
[controllers.a]
title = "A"
retention = "a"

[console]
url = "https://desk.example"
roles = { desk = ["requests:read"] }

[console.oidc]
issuer_url = "https://login.example/realms/staff"
client_id = "avgate"
client_secret = "SECRET"
"""


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    path = folder / "avgate.toml"
    path.write_text(text)
    (folder / "secret").write_text(SECRET + "\n")
    return load(path, environ)


@pytest.mark.parametrize("written", [SECRET, "env:CLIENT", "file:secret"])
def test_the_secret_may_stand_elsewhere_and_is_never_told(tmp_path: Path, written: str) -> None:
    made = loaded(tmp_path, LEAST.replace("SECRET", written), CLIENT=SECRET)
    assert made.console.oidc is not None
    assert made.console.oidc.client_secret.get_secret_value() == SECRET
    told = "\n".join(str(one) for one in explain(made))
    assert SECRET not in told + repr(made) + made.model_dump_json()


def test_a_new_proof_is_asked_for_where_a_provider_can_be_asked(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST).console.fresh_for == 10
    assert (
        loaded(
            tmp_path, LEAST.replace("[console]", "[console]\nfresh_minutes = 0")
        ).console.fresh_for
        == 0
    )
    own = LEAST.split("[console.oidc]", maxsplit=1)[0]
    assert loaded(tmp_path, own).console.fresh_for == 0
    assert (
        loaded(tmp_path, own.replace("[console]", "[console]\nfresh_minutes = 5")).console.fresh_for
        == 5
    )


WRONG = {
    "in the clear": ("https://login", "http://login", "issuer_url"),
    "inside, unsaid": ("https://login.example", "https://10.0.0.5", "private network"),
    "a cloud's metadata": ("https://login.example", "https://169.254.169.254", "cannot be called"),
    "credentials": ("https://login.example", "https://me:you@login.example", "issuer_url"),
    "no ID token": ('client_id = "avgate"', 'client_id = "avgate"\nscopes = ["profile"]', "openid"),
    "no roles": ('roles = { desk = ["requests:read"] }', "", "roles"),
    "a role without a scope": ('["requests:read"]', "[]", "roles"),
    "no such scope": ("requests:read", "requests:all", "roles"),
    "no way back": ('url = "https://desk.example"', "", "console.url"),
    "a way back in the clear": ("https://desk", "http://desk", "console.url"),
    "no such controller": ('client_id = "avgate"', 'client_id = "avgate"\ncontroller = "b"', "controller"),
    "no secret": ('client_secret = "SECRET"', "", "client_secret"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "named"), WRONG.values(), ids=WRONG)
def test_a_sign_in_that_cannot_work_ends_the_start(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    assert old in LEAST
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, LEAST.replace(old, new).replace("SECRET", SECRET))
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)

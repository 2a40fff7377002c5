"""What the settings say of endpoints: refused with the reason, and never with a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from avgate_gateway.settings import SettingsError, load

from .receiver import FORMER, SECRET


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('url = "http://crm.reseller.nl/hook"', "url cannot be called: http is only for this"),
        ('url = "https://10.0.0.5/hook"', "leads into the private network 10.0.0.0/8"),
        ('secret = "whsec_short"', "must be whsec_ and 24 to 64 bytes, or whsk_ and 32, in base64"),
        ('events = ["request.exploded"]', "request.closed"),
        ('secrets = "x"', "secret"),
    ],
)
async def test_settings_that_cannot_be_are_refused_without_their_secrets(
    tmp_path: Path, more: str, says: str
) -> None:
    own = {"url": 'url = "https://crm.example/hook"', "secret": f'secret = "{SECRET}"'}
    lines = {**own, more.split(" = ", maxsplit=1)[0]: more}
    path = tmp_path / "avgate.toml"
    path.write_text(
        '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
        "[controllers.libervoice.webhooks.crm]\n" + "\n".join(lines.values())
    )
    with pytest.raises(SettingsError) as raised:
        load(path, {})
    assert says in str(raised.value)
    assert "controllers.libervoice.webhooks.crm" in str(raised.value)
    assert "whsec_s" not in str(raised.value).replace("whsec_ and", "")


async def test_a_secret_may_stand_in_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "former").write_text(f"{FORMER}\n")
    path = tmp_path / "avgate.toml"
    path.write_text(
        '[controllers.libervoice]\ntitle = "L"\nretention = "libervoice-2019"\n'
        'callback_hosts = ["crm.example"]\ncallback_secret = "env:CALLBACK"\n'
        '[controllers.libervoice.webhooks.crm]\nurl = "https://crm.example/hook"\n'
        'secret = "env:HOOK"\nformer_secrets = ["file:former"]\n'
    )
    found = load(path, {"HOOK": SECRET, "CALLBACK": SECRET}).controllers["libervoice"]
    assert found.webhooks["crm"].secret.get_secret_value() == SECRET
    assert [one.get_secret_value() for one in found.webhooks["crm"].former_secrets] == [FORMER]
    assert SECRET not in repr(found)

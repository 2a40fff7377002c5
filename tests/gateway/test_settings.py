"""The settings: read once, and every mistake named."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from avgate_gateway.settings import (
    LimitSettings,
    SettingsError,
    connector_settings,
    load,
)

from .invented_settings import (
    CONFIG,
    ENVIRON,
    LEAST,
    SECRET,
    Operator,
    refusal,
    written,
)


def test_reads_the_whole_shape(tmp_path: Path) -> None:
    settings = load(written(tmp_path), ENVIRON)
    assert settings.database == f"sqlite:///{tmp_path}/avgate.db"
    assert settings.master_key_file == tmp_path / "keys" / "avgate.key"
    assert settings.token_key_file == tmp_path / "keys" / "avgate-token.jwk"
    assert settings.connectors_allowed == ("avgate", "partner-crm")
    libervoice = settings.controllers["libervoice"]
    assert (libervoice.title, libervoice.language) == ("Libervoice B.V.", "nl")
    assert libervoice.approval_exempt_clients == ("crm",)
    assert libervoice.connectors["operator"]["client_secret"] == SECRET
    assert libervoice.connectors["xelion"] == {"password": SECRET, "hosts": ["a", "b"]}


def test_everything_but_the_controllers_has_a_default(tmp_path: Path) -> None:
    settings = load(written(tmp_path, LEAST), {})
    assert settings.database == f"sqlite:///{tmp_path}/avgate.db"
    assert (settings.vault_days, settings.plan_valid_days) == (30, 7)
    assert settings.authentication.is_embedded
    assert settings.authentication.token_seconds == 3600
    assert settings.controllers["a"].answer_within_days == 28
    assert settings.controllers["a"].approval_exempt_clients == ()


@pytest.mark.parametrize(
    ("written_as", "read_as"),
    [
        ("sqlite:////var/lib/avgate/avgate.db", "sqlite:////var/lib/avgate/avgate.db"),
        ("sqlite:///sub/avgate.db", "sqlite:///{folder}/sub/avgate.db"),
        (f"postgresql://avgate:{SECRET}@db/avgate", f"postgresql://avgate:{SECRET}@db/avgate"),
        ("postgresql:///avgate?host=/run", "postgresql:///avgate?host=/run"),
    ],
)
def test_a_database_is_a_file_or_a_postgresql(
    tmp_path: Path, written_as: str, read_as: str
) -> None:
    settings = load(written(tmp_path, f'database = "{written_as}"\n{LEAST}'), {})
    assert settings.database == read_as.format(folder=tmp_path)


def test_a_database_may_stand_in_the_environment(tmp_path: Path) -> None:
    url = f"postgresql://avgate:{SECRET}@db/avgate"
    settings = load(written(tmp_path, f'database = "env:DB"\n{LEAST}'), {"DB": url})
    assert settings.database == url


MISTAKES: dict[str, tuple[str, list[str]]] = {
    "a misspelt key": (
        f'databse = "{SECRET}"\n{LEAST}',
        ["databse: is not known; did you mean database?"],
    ),
    "a misspelt table": (
        f"{LEAST}[authenticaton]\n",
        ["authenticaton: is not known; did you mean authentication?"],
    ),
    "a misspelt key of a controller": (
        f'{LEAST}retension = "{SECRET}"\n',
        ["controllers.a.retension: is not known; did you mean retention?"],
    ),
    "a key like none": (
        f"{LEAST}[limits]\nzzz = 1\n",
        [f"limits.zzz: is not known; known here: {', '.join(LimitSettings.model_fields)}"],
    ),
    "no controllers": ("", ["controllers: is required"]),
    "no controller": ("[controllers]\n", ["controllers: must hold at least 1"]),
    "a controller that cannot be named so": (
        '[controllers."Libervoice B.V."]\ntitle = "A"\nretention = "a"\n',
        ["controllers.Libervoice B.V.: must be written as ^[a-z0-9-]{1,40}$"],
    ),
    "two mistakes at once": (
        "[controllers.a]\ntitle = 3\n",
        ["controllers.a.title: must be text", "controllers.a.retention: is required"],
    ),
    "a language without letters": (
        f'{LEAST}language = "{SECRET}"\n',
        ["controllers.a.language: must be one of 'nl' or 'en'"],
    ),
    "more days than the law gives": (
        f"{LEAST}answer_within_days = 32\n",
        ["controllers.a.answer_within_days: must be at most 31"],
    ),
    "a number as text": (f'vault_days = "30"\n{LEAST}', ["vault_days: must be a whole number"]),
    "a number as truth": (f"vault_days = true\n{LEAST}", ["vault_days: must be a whole number"]),
    "another database": (
        f'database = "mysql://u:{SECRET}@h/d"\n{LEAST}',
        ["database: must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"],
    ),
    "a database in memory": (
        f'database = "sqlite:///:memory:"\n{LEAST}',
        ["database: must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"],
    ),
    "a path that is none": (
        f"master_key_file = 3\n{LEAST}",
        ["master_key_file: must be the path of a file"],
    ),
    "keys over plain HTTP": (
        f'{LEAST}[authentication]\nissuer = "i"\naudience = "a"\njwks_url = "http://i/{SECRET}"\n',
        ["authentication.jwks_url: must be an https address without credentials"],
    ),
    "credentials in the address of keys": (
        f'{LEAST}[authentication]\nissuer = "i"\naudience = "a"\njwks_url = "https://u:{SECRET}@i"\n',
        ["authentication.jwks_url: must be an https address without credentials"],
    ),
    "two sources of keys": (
        f'{LEAST}[authentication]\njwks_url = "https://i/j"\njwks_file = "j"\n',
        ["authentication: issuer_url, jwks_file and jwks_url exclude each other; keep one"],
    ),
    "an issuer by address and by name": (
        f'{LEAST}[authentication]\nissuer_url = "https://i"\nissuer = "i"\naudience = "a"\n',
        ["authentication: issuer_url is the issuer as well; leave issuer out"],
    ),
    "an issuer by address without an audience": (
        f'{LEAST}[authentication]\nissuer_url = "https://i"\n',
        ["authentication: with keys of another issuer, issuer and audience must be set"],
    ),
    "an issuer in the clear": (
        f'{LEAST}[authentication]\nissuer_url = "http://i"\naudience = "a"\n',
        ["authentication.issuer_url: must be an https address without credentials"],
    ),
    "keys of an issuer without a name": (
        f'{LEAST}[authentication]\njwks_url = "https://i/j"\nissuer = "i"\n',
        ["authentication: with keys of another issuer, issuer and audience must be set"],
    ),
    "a variable that is not set": (
        f'database = "env:NOWHERE"\n{LEAST}',
        ["database: the environment variable NOWHERE is not set"],
    ),
    "a variable that is empty": (
        f'database = "env:EMPTY"\n{LEAST}',
        ["database: the environment variable EMPTY is not set"],
    ),
    "a variable without name": (
        f'database = "env:{SECRET}!"\n{LEAST}',
        ["database: env: is followed by the name of one environment variable"],
    ),
    "a secret file that is not there": (
        f'{LEAST}[controllers.a.connectors.operator]\npassword = "file:nowhere"\n',
        ["controllers.a.connectors.operator.password: the file that it names cannot be read"],
    ),
}


@pytest.mark.parametrize(("text", "lines"), MISTAKES.values(), ids=MISTAKES)
def test_names_every_mistake_on_a_line_of_its_own(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    found = refusal(tmp_path, text, {"EMPTY": ""})
    assert found == lines
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        f'{LEAST}x = "{SECRET}',
        f"{LEAST}x =",
        f'{LEAST}title = "{SECRET}"\n',
        f"{LEAST}{SECRET}\n[b]",
    ],
)
def test_says_on_which_line_the_file_is_no_toml(tmp_path: Path, text: str) -> None:
    (line,) = refusal(tmp_path, text)
    assert line.startswith("line 4, ")
    assert SECRET not in line


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(tmp_path / "nowhere.toml", {})


def test_a_file_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    path = tmp_path / "avgate.toml"
    path.write_bytes(b'database = "\xff"')
    with pytest.raises(SettingsError, match="must be UTF-8"):
        load(path, {})


def test_only_secrets_may_stand_elsewhere(tmp_path: Path) -> None:
    """A reference in a path would put what it names into messages about that path."""
    settings = load(written(tmp_path, f'master_key_file = "file:xelion.secret"\n{LEAST}'), {})
    assert SECRET not in str(settings.master_key_file)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load(written(tmp_path), ENVIRON)
    with pytest.raises(ValidationError):
        setattr(settings, "vault_days", 1)  # noqa: B010 -- mypy knows better than to assign it


def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    settings = load(written(tmp_path), ENVIRON)
    assert SECRET not in repr(settings) + str(settings)


def test_a_connector_gets_its_settings_as_its_own_type(tmp_path: Path) -> None:
    settings = load(written(tmp_path), ENVIRON)
    operator = connector_settings(settings, "libervoice", "operator", Operator)
    assert operator.client_secret is not None
    assert operator.client_secret.get_secret_value() == SECRET


def test_a_mistake_in_a_connectors_settings_is_named_like_any_other(tmp_path: Path) -> None:
    text = CONFIG.replace("client_id =", "client_ids =")
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        connector_settings(load(path, ENVIRON), "libervoice", "operator", Operator)
    under = "controllers.libervoice.connectors.operator"
    assert str(caught.value).splitlines() == [
        f"{path}: {under}.client_id: is required",
        f"{path}: {under}.client_ids: is not known; did you mean client_id?",
    ]


class Talkative(BaseModel):
    model_config = ConfigDict(extra="ignore")

    client_secret: str

    @field_validator("client_secret")
    @classmethod
    def _strong(cls, secret: str) -> str:
        if secret == SECRET:
            raise ValueError(f"{secret} is too weak")
        raise ValueError("must have a digit")


@pytest.mark.parametrize(
    ("secret", "says"), [(SECRET, "is not valid"), ("something", "must have a digit")]
)
def test_a_connectors_own_words_are_shown_unless_they_repeat_the_value(
    secret: str, says: str, tmp_path: Path
) -> None:
    found = load(written(tmp_path), {**ENVIRON, "OPERATOR_SECRET": secret})
    with pytest.raises(SettingsError) as raised:
        connector_settings(found, "libervoice", "operator", Talkative)
    assert str(raised.value).endswith(f"operator.client_secret: {says}")
    assert SECRET not in str(raised.value)

"""The templates of a project: text with `$places`, and lines that only some projects have.

A line `%% erase rectify` keeps what follows, up to `%% end`, if any of its words holds.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from avgate_contracts.kit.scaffold.choice import Auth, Choice
from avgate_contracts.vocabulary import Operation

_MARK = "%%"
# What stands in the test class for each kind of auth; the mock knows the same.
_SECRETS: Mapping[Auth, Mapping[str, str]] = {
    Auth.OAUTH2: {"client_id": "sandbox", "client_secret": "sandbox-secret"},
    Auth.BEARER: {"token": "sandbox-token"},
    Auth.BASIC: {"username": "sandbox", "password": "sandbox-password"},
    Auth.API_KEY: {"api_key": "sandbox-key"},
    Auth.LOGIN: {"username": "sandbox", "password": "sandbox-password"},
}
_WORDS: Mapping[Auth, str] = {Auth.OAUTH2: "oauth2", Auth.API_KEY: "api_key"}
_PLACES: Mapping[str, str] = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "pyproject.toml": "pyproject.toml",
    "package/__init__.py": "{package}/__init__.py",
    "package/py.typed": "{package}/py.typed",
    "package/client.py": "{package}/client.py",
    "package/connector.py": "{package}/connector.py",
    "package/models.py": "{package}/models.py",
    "package/settings.py": "{package}/settings.py",
    "package/writing.py": "{package}/writing.py",
    "tests/mock.py": "tests/{name}_mock.py",
    "tests/test_connector.py": "tests/test_{name}.py",
}


def rendered(choice: Choice, version: str) -> Mapping[str, str]:
    """The text of each file of the project, by its path; `version` is Avgate's own."""
    words, values = _words(choice), _values(choice, version)
    return {
        place.format(package=choice.package, name=choice.name): _filled(_read(name), words, values)
        for name, place in _PLACES.items()
        if name != "package/writing.py" or "writes" in words
    }


def kept(text: str, words: Collection[str]) -> Iterator[str]:
    """The lines of a template that a project with these words has, without the marks."""
    keeps = True
    for line in text.splitlines():
        if line.startswith(_MARK):
            asked = line.removeprefix(_MARK).split()
            keeps = asked == ["end"] or any(word in words for word in asked)
        elif keeps:
            yield line


def _filled(text: str, words: Collection[str], values: Mapping[str, str]) -> str:
    lines = list(kept(text, words))
    return Template("".join(f"{line}\n" for line in lines)).substitute(values)


def _read(name: str) -> str:
    folder: Traversable = files("avgate_contracts.kit.scaffold") / "templates"
    return (folder / f"{name}.tmpl").read_text("utf-8")


def _words(choice: Choice) -> frozenset[str]:
    """The operations and the auth of a project, and what it does not do."""
    can = {operation.value for operation in choice.operations}
    words = {_WORDS.get(choice.auth, choice.auth.value), *can}
    words.add("writes" if can & {"rectify", "erase"} else "reads")
    names = {"keeps": Operation.ERASE, "norectify": Operation.RECTIFY, "noexport": Operation.EXPORT}
    return frozenset(words | {word for word, lacks in names.items() if lacks.value not in can})


def _values(choice: Choice, version: str) -> Mapping[str, str]:
    secrets = _SECRETS[choice.auth]
    outcomes = {Operation.ERASE: "erased", Operation.RECTIFY: "rectified"}
    major, minor = version.split(".")[:2]
    return {
        "name": choice.name,
        "Name": choice.title.replace(" ", ""),
        "title": choice.title,
        "package": choice.package,
        "distribution": choice.distribution,
        "avgate": f">={major}.{minor}",
        "outcomes": ", ".join(said for done, said in outcomes.items() if done in choice.operations),
        "secrets": "\n".join(f'    "{name}": "{value}",' for name, value in secrets.items()),
        "proof": base64.b64encode(":".join(secrets.values()).encode()).decode(),
    }

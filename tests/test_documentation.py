"""The documentation is true: tables are made from the code, commands exist, links lead somewhere.

`python tests/test_documentation.py` writes the tables anew.
"""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperGroup
from typer.main import get_command

from avgate_contracts.outcome import Outcome
from avgate_contracts.record import ErasureWay
from avgate_contracts.vocabulary import Category
from avgate_gateway import problem
from avgate_gateway.authentication import MEANINGS
from avgate_gateway.cli.application import COMMANDS, app
from avgate_gateway.cli.connectors import markdown_lines
from avgate_gateway.cli.exits import MEANINGS as EXITS
from avgate_gateway.figures import FIGURES
from avgate_gateway.logs import catalogue
from avgate_gateway.notice import MEANINGS as MEANINGS_OF_EVENTS
from avgate_gateway.notice import Event
from avgate_gateway.opendsr import mapping
from avgate_gateway.plan import Fit
from avgate_gateway.registry import discover
from avgate_gateway.report import OutcomeWord, sentence
from avgate_gateway.request import State, WaitingFor
from avgate_gateway.retention import Action, load_pack
from avgate_gateway.settings import ControllerSettings, Settings, load
from avgate_gateway.settings.destination import HttpsDestination, S3Destination, SftpDestination
from avgate_gateway.settings.webhook import WebhookSettings
from avgate_gateway.store import privileges

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in {"specs", "openapi"} for part in page.parts)
)
OPERATE, GLOSSARY = ROOT / "docs/operate.md", ROOT / "docs/glossary.md"
WEBHOOKS = ROOT / "docs/webhooks.md"
OPENDSR = ROOT / "docs/opendsr.md"
CONNECTORS = ROOT / "connectors/README.md"


def scopes() -> Iterator[str]:
    yield "| scope | lets a client |"
    yield "|---|---|"
    yield from (f"| `{scope.value}` | {says} |" for scope, says in MEANINGS.items())


def settings() -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    yield from _settings(Settings, "")


def _settings(model: type[BaseModel], under: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{under}{name}"
        if name == "controllers":
            yield from _settings(ControllerSettings, "controllers.NAME.")
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(field.annotation, f"{key}.")
        elif name == "webhooks":
            yield from _settings(WebhookSettings, f"{key}.NAME.")
        elif name == "destinations":
            kinds = (HttpsDestination, SftpDestination, S3Destination)
            rows = (row for kind in kinds for row in _settings(kind, f"{key}.NAME."))
            yield from {row.split("|")[1]: row for row in rows}.values()
        elif name == "connectors" or key == "console.roles":
            yield f"| `{key}.NAME` | none | {field.description} |"
        else:
            yield f"| `{key}` | {_default(field)} | {field.description} |"
            for part in get_args(field.annotation):  # a table that may be left out
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from _settings(part, f"{key}.")


def _default(field: FieldInfo) -> str:
    default, follows = field.default, field.default_factory
    if follows is not None and field.default_factory_takes_validated_data:
        made = cast("Callable[[dict[str, Any]], Path]", follows)({"master_key_file": Path("a/b")})
        assert made.parent == Path("a")
        return f"`{made.name}` beside the master key"
    match default:
        case _ if default is PydanticUndefined:
            return "must be set"
        case None:
            return "none"
        case tuple() | frozenset():
            return ", ".join(f"`{each}`" for each in sorted(default)) or "none"
        case bool():
            return f"`{str(default).lower()}`"
        case _:
            return f"`{default}`"


def commands() -> Iterator[str]:
    yield "| command | what it does |"
    yield "|---|---|"
    for name, late in COMMANDS.items():
        yield f"| `avgate {name}` | {late.help} |"
        command = late.command(name)
        for below, inner in getattr(command, "commands", {}).items():
            yield f"| `avgate {name} {below}` | {inner.help.splitlines()[0]} |"


def exits() -> Iterator[str]:
    yield "| code | means |"
    yield "|---|---|"
    yield from (f"| {code.value} | {says} |" for code, says in EXITS.items())


def metrics() -> Iterator[str]:
    yield "| metric | by | means | when it grows |"
    yield "|---|---|---|---|"
    for one in FIGURES:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        yield f"| `{one.name}` | {labels} | {one.means} | {one.grows} |"


def words() -> Iterator[str]:
    yield "| word | means |"
    yield "|---|---|"
    yield from (f"| `{word.value}` | {sentence(word, 'en')} |" for word in OutcomeWord)


def events() -> Iterator[str]:
    yield "| event | means |"
    yield "|---|---|"
    yield from (f"| `{event.value}` | {MEANINGS_OF_EVENTS[event]} |" for event in Event)


def capabilities() -> Iterator[str]:
    return markdown_lines(list(discover(["avgate"]).values()))


Table = tuple[Path, str, Callable[[], Iterator[str]]]
TABLES: tuple[Table, ...] = (
    (OPERATE, "scopes", scopes),
    (OPERATE, "settings", settings),
    (OPERATE, "commands", commands),
    (OPERATE, "exits", exits),
    (OPERATE, "metrics", metrics),
    (OPERATE, "logs", catalogue.table),
    (OPERATE, "problems", problem.table),
    (OPERATE, "privileges", privileges.table),
    (WEBHOOKS, "events", events),
    (OPENDSR, "opendsr", mapping.table),
    (GLOSSARY, "words", words),
    (CONNECTORS, "made by: avgate connectors --markdown", capabilities),
)


def _parts(text: str, marker: str) -> tuple[str, str, str]:
    """What stands before, in and after a table."""
    before, mark, rest = text.partition(f"<!-- {marker} -->\n")
    assert mark, f"the marker of {marker} is gone"
    table, end, after = rest.partition("<!-- end -->")
    assert end, f"the end of {marker} is gone"
    return before + mark, table, end + after


@pytest.mark.parametrize(("page", "marker", "lines"), TABLES, ids=[row[1] for row in TABLES])
def test_tables_say_what_the_code_says(
    page: Path, marker: str, lines: Callable[[], Iterator[str]]
) -> None:
    _, table, _ = _parts(page.read_text("utf-8"), marker)
    assert table.splitlines() == list(lines()), "run: python tests/test_documentation.py"


def test_every_outcome_and_state_is_in_the_glossary_and_nothing_else() -> None:
    text = GLOSSARY.read_text("utf-8")
    assert _column(text, "What a connector may answer") == {o.__name__ for o in get_args(Outcome)}
    assert _column(text, "States") == {state.value for state in State}
    assert _column(text, "What a plan does with an item") == {a.value for a in Action}
    assert _column(text, "How a value to correct fits an item") == {fit.value for fit in Fit}
    assert all(f"`{waits.value}`" in text for waits in WaitingFor)
    assert {way.value for way in ErasureWay if way is not ErasureWay.DELETE} <= _column(
        text, "What a plan does with an item"
    )


def _column(text: str, heading: str) -> set[str]:
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))


def test_the_words_of_the_glossary_stand_once_and_in_the_singular_of_the_code() -> None:
    section = GLOSSARY.read_text("utf-8").split("## ", 1)[0]
    terms = re.findall(r"^\| ([a-z ]+) \|", section, re.MULTILINE)
    assert len(terms) == len(set(terms))
    assert {"upstream", "connector", "plan", "task", "outcome", "evidence"} <= set(terms)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


def _blocks(page: Path, *languages: str) -> list[str]:
    pattern = rf"^```(?:{'|'.join(languages)})\n(.*?)^```"
    return re.findall(pattern, page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_code_in_pages_can_be_read_by_its_language(page: Path) -> None:
    for code in _blocks(page, "python"):
        compile(code, str(page), "exec")
    for text in _blocks(page, "toml"):
        tomllib.loads(text)
    for script in _blocks(page, "sh"):
        read = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)  # noqa: PLW1510, S607 -- looked at below; the shell is whatever bash is
        assert read.returncode == 0, read.stderr


def _commands_in(page: Path) -> Iterator[list[str]]:
    for script in _blocks(page, "sh"):
        for line in script.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["avgate"]:
                yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_commands_in_pages_exist_with_their_options(page: Path) -> None:
    for written in _commands_in(page):
        known, rest = _resolved(written)
        options = {word.partition("=")[0] for word in rest if word.startswith("-")}
        assert options <= known | {"--help"}, written


def _resolved(written: list[str]) -> tuple[set[str], list[str]]:
    """The options of the command that a line names, and the rest of the line."""
    command, rest = get_command(app), written
    while rest and not rest[0].startswith("-") and isinstance(command, TyperGroup):
        if rest[0] in COMMANDS and command.name == "avgate":
            command = COMMANDS[rest[0]].command(rest[0])
        else:
            assert rest[0] in command.commands, f"no such command: {rest[0]}"
            command = command.commands[rest[0]]
        rest = rest[1:]
    return {option for parameter in command.params for option in parameter.opts}, rest


def test_the_page_for_authors_names_the_products_of_each_category() -> None:
    page = (ROOT / "docs/add-a-connector.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([`\w, ]+) \|", page, re.MULTILINE)
    told = {category: set(re.findall(r"`(\w+)`", products)) for category, products in rows}
    assert set(told) >= {category.value for category in Category}
    for pack in (load_pack("libervoice-2019"), load_pack("mister-voip-2019")):
        known: dict[str, set[str]] = {}
        for product, category in pack.rules:
            known.setdefault(category.value, set()).add(product.value)
        del known[Category.PROCESSOR_DATA.value]  # any
        assert {category: told[category] for category in known} == known


def test_the_config_in_the_readme_is_one(tmp_path: Path) -> None:
    (config,) = _blocks(ROOT / "README.md", "toml")
    path = tmp_path / "avgate.toml"
    path.write_text(config, "utf-8")
    found = load(path, {"DIRECTORY_PASSWORD": "invented"})
    assert set(found.controllers) == {"libervoice"}


def test_every_decision_says_what_was_not_taken() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in decisions]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all("## Options not taken" in page.read_text("utf-8") for page in decisions)


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 120


def write() -> None:
    """Puts every table anew into its page."""
    made: Mapping[Path, list[Table]] = {
        page: [row for row in TABLES if row[0] == page] for page in {row[0] for row in TABLES}
    }
    for page, rows in made.items():
        text = page.read_text("utf-8")
        for _, marker, lines in rows:
            before, _, after = _parts(text, marker)
            text = "".join([before, *(f"{line}\n" for line in lines()), after])
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    write()

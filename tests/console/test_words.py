"""Nothing on a page is left in English for whoever reads Dutch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from babel.messages import Message
from babel.messages.checkers import checkers

from avgate_gateway.console import plainly, words
from avgate_gateway.console.drawing import environment

from .said import messages

FILLED_IN = re.compile(r"%\(\w+\)s")


def dutch() -> Mapping[str, Message]:
    """Every entry of the Dutch catalogues, by what it is looked up by."""
    entries = (one for catalogue in words.catalogues() for one in catalogue)
    return {str(one.id if isinstance(one.id, str) else one.id[0]): one for one in entries if one.id}


def faults(said: str | tuple[str, ...], entry: Message | None) -> Iterator[str]:
    """What is wrong with the Dutch of what a page says."""
    if entry is None:
        yield "write it into a catalogue in console/locale/nl"
        return
    if entry.fuzzy:
        yield "its Dutch is fuzzy"
    texts = entry.string if isinstance(entry.string, (tuple, list)) else (entry.string,)
    if not all(texts):
        yield "its Dutch is missing"
    wanted = set(FILLED_IN.findall(" ".join([said] if isinstance(said, str) else said)))
    if any(set(FILLED_IN.findall(text or "")) - wanted for text in texts):
        yield "it would be filled in with nothing"


def test_every_word_has_a_dutch_one() -> None:
    said, entries = set(messages()), dutch()
    found = {
        one: told
        for one in said
        if (told := list(faults(one, entries.get(one if isinstance(one, str) else one[0]))))
    }
    assert len(said) > 500
    assert found == {}


def test_no_catalogue_holds_what_nobody_says() -> None:
    known = {one if isinstance(one, str) else one[0] for one in messages()}
    assert dutch().keys() <= known


@pytest.mark.parametrize(
    ("said", "entry", "told"),
    [
        ("So many.", None, "write it"),
        ("So many.", Message("So many.", "Zo veel.", flags=["fuzzy"]), "fuzzy"),
        ("So many.", Message("So many.", ""), "missing"),
        (("one", "%(n)s"), Message(("one", "%(n)s"), ("een", "")), "missing"),
        ("%(n)s left", Message("%(n)s left", "nog %(m)s"), "filled in"),
    ],
)
def test_a_word_without_its_dutch_is_found(
    said: str | tuple[str, ...], entry: Message | None, told: str
) -> None:
    (fault,) = faults(said, entry)
    assert told in fault


def test_catalogues_are_sound() -> None:
    for catalogue in words.catalogues():
        for message in catalogue:
            for check in checkers:
                check(catalogue, message)


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("is required", "Fill this in."),
        ("a phone must have as many digits as its country uses", "This is no telephone number. Write it such as 020 123 4567 or +31 20 123 4567."),
        ("to: a Dutch phone has nine digits after +31 or after the 0", "This is no telephone number. Write it such as 020 123 4567 or +31 20 123 4567."),
        ("holds what looks like a citizen service number (BSN): leave it out", "This looks like a citizen service number (BSN). Leave it out: it may not be kept."),
        ("something that nobody has thought of", "This cannot be taken."),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_everyday_words(detail: str, told: str) -> None:
    assert plainly.plainly(detail) == told


@pytest.mark.parametrize(
    ("detail", "language", "told"),
    [
        ("The form cannot be read.", "nl", "Het formulier is niet te lezen."),
        ("The form cannot be read.", "en", "The form cannot be read."),
        ("holds what looks like a citizen service number (BSN): leave it out", "nl",
         "Dit lijkt op een burgerservicenummer (BSN). Laat het weg: het mag niet worden bewaard."),
        ("This needs the scope admin.", "nl", ""),
        ("This needs the scope admin.", "en", "This needs the scope admin."),
        (None, "nl", ""),
    ],
)  # fmt: skip
def test_no_problem_is_told_in_english_to_whoever_reads_dutch(
    detail: str | None, language: str, told: str
) -> None:
    gettext = words.translations(language).gettext
    assert plainly.in_words(detail, gettext, language) == told


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_a_page_is_handed_is_text_whatever_is_in_it(language: str) -> None:
    """Such as the title that a connector gives itself, which nobody here wrote."""
    page = environment(language).from_string("{{ title | worded }}")

    assert page.render(title="100% <b>%(other)s") == "100% &lt;b&gt;%(other)s"


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("en", "nl", "en"),
        ("xx", "nl-NL,nl;q=0.9,en;q=0.8", "nl"),
        (None, "fr-FR,en-GB;q=0.5", "en"),
        (None, "fr", "nl"),
        (None, None, "nl"),
    ],
)
def test_the_reader_chooses_the_language(
    asked: str | None, accepted: str | None, language: str
) -> None:
    assert words.chosen(asked, accepted, "nl") == language

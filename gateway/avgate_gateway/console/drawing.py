"""Draws pages: templates, the words of a language, and what every page has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from avgate_gateway.authentication import Scope
from avgate_gateway.case_number import case_number
from avgate_gateway.console import labels, stalled, words
from avgate_gateway.console.assets import ASSETS
from avgate_gateway.console.formats import filters
from avgate_gateway.console.masking import masked
from avgate_gateway.console.plainly import in_words, plainly
from avgate_gateway.console.staff import Staff, person
from avgate_gateway.console.taken_in import DID, TOLD
from avgate_gateway.console.wrongs import explained
from avgate_gateway.in_dutch import told
from avgate_gateway.letter.content import LANGUAGES
from avgate_gateway.letter.phrases import article
from avgate_gateway.retention.ground import LEFT_TO_PEOPLE, NO_INTERFACE

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "vary": "cookie, accept-language",
}


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu: an address, what it is called, and what it takes to see it."""

    path: str
    name: str
    scope: Scope


MENU: Final = (
    Place("/console", "Queue", Scope.READ),
    Place("/console/people", "Person", Scope.READ),
    Place("/console/tasks", "Work by hand", Scope.READ),
    Place("/console/systems", "Systems", Scope.READ),
    Place("/console/processors", "Processors", Scope.READ),
    Place("/console/retention", "Retention", Scope.READ),
    Place("/console/figures", "Figures", Scope.READ),
    Place("/console/audit", "Evidence", Scope.READ_AUDIT),
)


@cache
def environment(language: str) -> Environment:
    """The templates in a language; nothing in them is HTML unless they say so themselves."""
    made = Environment(
        loader=PackageLoader("avgate_gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = words.translations(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined] # added by the extension
    made.filters.update(filters(language))
    made.filters.update(case=case_number, masked=masked)
    made.filters.update(labels.filters(catalogue.gettext))
    made.filters.update(explained=explained, plainly=plainly, person=person)
    made.filters["article"] = lambda text: article(text, language)
    # A party that is known by a description, such as the supplier of Operator, as letters call it.
    made.filters["party"] = lambda name: LANGUAGES[language].names.get(name, name)
    made.filters["in_words"] = lambda detail: in_words(detail, catalogue.gettext, language)
    made.filters["told"] = lambda detail, code=None: told(detail, code, language) or ""
    made.filters["why_by_hand"] = lambda sentence, code: told(
        sentence if code in LEFT_TO_PEOPLE else NO_INTERFACE, code, language
    )
    made.tests["left_to_people"] = LEFT_TO_PEOPLE.__contains__
    made.filters["stalled"] = lambda sentence, titles: (
        stalled.told(sentence, titles, made.filters["moment"]) if language == "nl" else sentence
    )
    made.globals.update(asset=ASSETS.address, language=language, languages=words.LANGUAGES)
    return made


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page is drawn on: for whom, and in which language."""

    http: Request
    language: str
    staff: Staff | None = None

    def page(
        self, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> HTMLResponse:
        """A whole page."""
        return HTMLResponse(self.text(template, context), status, _HEADERS)

    def text(self, template: str, context: Mapping[str, Any] | None = None) -> str:
        """What a template makes of this."""
        common = {
            "staff": self.staff,
            "menu": list(self._menu()),
            "here": self.http.url.path,
            "Scope": Scope,
            "csrf": self.staff.csrf if self.staff else "",
            "taken_in": TOLD.get(self.http.query_params.get(DID, "")),
        }
        drawn = environment(self.language).get_template(template)
        return drawn.render({**common, **(context or {})})

    def _menu(self) -> Iterator[Place]:
        yield from (one for one in MENU if self.staff is not None and self.staff.may(one.scope))

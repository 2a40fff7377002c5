"""An upstream whose lists do not get on: whatever further page is asked for, the first comes again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from avgate_contracts.kit.fault import Fault, Scene
from avgate_contracts.kit.fault_transport import Asked

Query = Mapping[str, str]

_BEGINNINGS = frozenset({None, "0", "1"})


@dataclass(frozen=True)
class Page:
    """One answer to a GET that was heard."""

    target: str = field(repr=False)
    answer: httpx.Response = field(repr=False)

    @cached_property
    def path(self) -> str:
        """Of which list it may be a part."""
        return urlsplit(self.target).path

    @cached_property
    def _told(self) -> str:
        return unquote("\n".join([*self.answer.headers.values(), self.answer.text]))

    def is_followed_by(self, target: str, whose: Collection[str]) -> bool:
        """Whether that asks for a further part of the list that begins with this one.

        It differs in one parameter, which is none of the subject's identifiers: it is something
        that this page names, or a number that is counted from the beginning. Or the page names all
        of it.
        """
        if target == self.target or urlsplit(target).path != self.path:
            return False
        if target in self._told:
            return True
        mine, others = _query(self.target), _query(target)
        names = mine.keys() | others.keys()
        changed = [name for name in names if mine.get(name) != others.get(name)]
        value = others.get(changed[0], "") if len(changed) == 1 else ""
        if value == "" or value in whose:
            return False
        is_counted = value.isascii() and value.isdigit() and mine.get(changed[0]) in _BEGINNINGS
        return is_counted or value in self._told


@dataclass(slots=True)
class Listener:
    """A plan in which nothing goes wrong, and that keeps every answer to a GET."""

    heard: dict[int, Page] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Fault | None:
        """Hands the answer on."""
        is_read = asked.method == "GET" and not asked.is_token
        return Fault("heard", partial(self._happen, asked), ()) if is_read else None

    async def _happen(self, asked: Asked, scene: Scene) -> httpx.Response:
        answer = await scene.proceed()
        await answer.aread()
        if answer.status_code == 200:
            self.heard[asked.number] = Page(asked.target, answer)
        return answer

    def firsts(self, whose: Collection[str]) -> list[Page]:
        """The first pages of those lists of which further ones were asked for."""
        pages = [page for _, page in sorted(self.heard.items())]
        found: dict[str, Page] = {}
        for number, page in enumerate(pages):
            is_first = not any(one.is_followed_by(page.target, whose) for one in found.values())
            if is_first and _goes_on(page, pages[number:], whose):
                found.setdefault(page.target, page)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Circle:
    """A plan in which one list begins again where it should go on, for ever."""

    first: Page
    whose: Collection[str] = field(repr=False)

    def __call__(self, asked: Asked) -> Fault | None:
        """The first page, in the place of any further one."""
        is_further = asked.method == "GET" and self.first.is_followed_by(asked.target, self.whose)
        return Fault("the first page again", self._happen, ()) if is_further else None

    async def _happen(self, scene: Scene) -> httpx.Response:  # noqa: ARG002 -- it is the same in any
        one = self.first.answer
        return httpx.Response(one.status_code, headers=one.headers, content=one.content)


def _goes_on(page: Page, later: Sequence[Page], whose: Collection[str]) -> bool:
    return any(page.is_followed_by(one.target, whose) for one in later)


def _query(target: str) -> Query:
    return dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))

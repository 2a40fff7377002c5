"""A real Chromium in front of a real gateway, and what is asked of every page in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from ..flow.harness import Mocks, Served, command

_QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
_PATIENCE_MS = 60_000  # other tests run beside these
_ROOT = Path(__file__).parents[2]
SCREENS = _ROOT / "docs" / "screens"
# What axe knows of WCAG 2.0 to 2.2, A and AA, and of good practice.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium() -> str:
    """Where the browser is; `make browser` installs Debian's, the one without windows of its own."""
    ours = (shutil.which("chromium-headless-shell"), shutil.which("chromium"))
    found = os.environ.get("AVGATE_BROWSER") or next(filter(None, ours), None)
    assert found, "no Chromium: run `make browser`, or name one in AVGATE_BROWSER"
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium(), args=list(_QUIET))
        yield made
        made.close()


@dataclass
class Desk:
    """The console of a served gateway, and the people who sign in there."""

    served: Served
    mocks: Mocks
    browser: Browser
    said: list[str] = field(default_factory=list)  # complaints of the browser

    def link(self, name: str, *scopes: str) -> str:
        words = ["--controller", "libervoice", "--url", self.served.base, "--name", name]
        words += [part for scope in scopes for part in ("--scope", scope)]
        code, told = command(self.served.folder, "console", "--config", "avgate.toml", *words)
        assert code == 0, told
        return told.strip().splitlines()[-1]

    def page(self, **more: Any) -> Page:
        """A page of a browser that nobody has used yet."""
        context = self.browser.new_context(
            **{"locale": "nl-NL", "viewport": {"width": 1280, "height": 900}, **more}
        )
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        return page

    def enter(self, name: str, *scopes: str, **more: Any) -> Page:
        """Somebody who is signed in."""
        page = self.page(**more)
        page.goto(self.link(name, *scopes))
        page.click("main button[type=submit]")
        page.wait_for_url("**/console")
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(message.text)


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def complaints(page: Page) -> list[str]:
    """What axe finds wrong; it runs in a world of its own, so the page's policy stays as it is."""
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
    own = {"contextId": world["executionContextId"], "returnByValue": True, "awaitPromise": True}
    session.send("Runtime.evaluate", {**own, "expression": _axe() + ";0"})
    rules = f"{{runOnly: {_RULES!r}}}"
    told = session.send("Runtime.evaluate", {**own, "expression": f"axe.run(document, {rules})"})
    session.detach()
    return [
        f"{one['id']}: {[node['html'][:160] for node in one['nodes']]}"
        for one in told["result"]["value"]["violations"]
    ]


def sideways(page: Page) -> int:
    """By how many pixels a page is wider than its window (WCAG 1.4.10)."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wider


def small_targets(page: Page) -> list[str]:
    """Buttons and links under 24 pixels that are no part of a sentence (WCAG 2.5.8)."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, a.button, nav a, select, summary')]
        .filter((one) => one.offsetParent !== null)
        .map((one) => [one, one.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.height < 24 || box.width < 24))
        .map(([one, box]) => one.outerHTML.slice(0, 120) + ` ${box.width}x${box.height}`)"""
    )
    return found


def unnamed(page: Page) -> list[str]:
    """Parts of a page that a screen reader offers to go to, and could not say what they are."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('nav, aside, article, section[aria-labelledby], figure svg')]
        .filter((one) => !(one.ariaLabel || '').trim() && !(one.getAttribute('aria-labelledby') || '')
          .split(' ').map((id) => document.getElementById(id)?.textContent.trim() || '').join(''))
        .map((one) => one.outerHTML.slice(0, 120))"""
    )
    return found


def shoot(page: Page, name: str) -> None:
    """Keeps a picture for the documentation, where that is asked for (`make screens`)."""
    if os.environ.get("AVGATE_SCREENS"):
        SCREENS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENS / f"{name}.png", full_page=True)

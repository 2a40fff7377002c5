"""Hands that have a keyboard and nothing else, and an eye on where the focus is at every step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page

# Of what has the focus: what it is called, what it looks like with and without, and whether it lies open.
_FOCUSED: Final = r"""() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const said = (ids) => (ids || '').split(' ').map((id) => document.getElementById(id)?.textContent || '').join(' ');
  const label = one.getAttribute('aria-label') || said(one.getAttribute('aria-labelledby'))
    || [...(one.labels || [])].map((each) => each.textContent).join(' ') || one.textContent;
  const box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  const numbers = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const painted = (each) => { const c = numbers(getComputedStyle(each).backgroundColor); return c.length === 3 || c[3] > 0.99 ? c : null; };
  let under = one.parentElement;
  while (under && !painted(under)) under = under.parentElement;
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = light(under ? painted(under) : numbers(getComputedStyle(document.documentElement).backgroundColor));
  const ring = light(numbers(style.outlineColor));
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const labels = [...(one.labels || [])];
  return {
    name: label.replace(/\s+/g, ' ').trim(), tag: one.tagName.toLowerCase(), tabindex: one.tabIndex,
    ring: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    contrast: (Math.max(back, ring) + 0.05) / (Math.min(back, ring) + 0.05),
    open: !!at && (one.contains(at) || at.contains(one) || labels.some((each) => each.contains(at))),
    html: one.outerHTML.slice(0, 200),
  };
}"""
_BEGINS: Final = """() => {
  window.seen = []; window.renewed = false;
  new MutationObserver(() => { window.renewed = true; }).observe(document.body, {childList: true, subtree: true});
}"""
_FOLLOWS: Final = """() => {
  const one = document.activeElement, last = window.seen.at(-1);
  if (one === last) return true;  // another part of the same field, such as the month of a date
  if (one === window.seen[0]) return null;  // round and at the beginning again
  window.seen.push(one);
  return !last || !last.isConnected ||  // news replaced it meanwhile: what follows, follows its place
    !!(last.compareDocumentPosition(one) & (Node.DOCUMENT_POSITION_FOLLOWING | Node.DOCUMENT_POSITION_CONTAINED_BY));
}"""
_MISSED: Final = r"""() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter((one) => one.checkVisibility() && one.type !== 'hidden' && !one.disabled)
  .filter((one) => one.type !== 'radio' || one.checked)
  .filter((one) => !window.seen.includes(one)).map((one) => one.outerHTML.slice(0, 200))"""
_LEAST_CONTRAST: Final = 3.0  # WCAG 1.4.11
_MOST: Final = 200
_WALKS: Final = 5


@dataclass
class Hands:
    """Somebody at a page without a mouse."""

    page: Page

    def to(self, name: str, tag: str = "") -> None:
        """Goes on with Tab until what has this name has the focus; everything on the way has to be seen."""
        wanted = re.compile(name)
        for _ in range(_MOST):
            self.page.keyboard.press("Tab")
            one = self._seen()
            if one and wanted.search(one["name"]) and tag in {"", one["tag"]}:
                return
        raise AssertionError(f"the keyboard does not lead to {name}")

    def press(self, name: str, tag: str = "") -> None:
        """Goes there and presses Enter."""
        self.to(name, tag)
        self.page.keyboard.press("Enter")

    def go(self, name: str, tag: str = "") -> None:
        """The same, where another page comes of it."""
        self.to(name, tag)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def fill(self, name: str, text: str) -> None:
        """Goes there and types, over what stands there."""
        self.to(name)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def walk(self) -> list[str]:
        """Every stop of a page from its beginning, in their order: that of the page, and none left out.

        Once more where news replaced a part of the page on the way.
        """
        names, wrong = self._walked()
        for _ in range(_WALKS):
            if wrong is None or not self.page.evaluate("window.renewed"):
                break
            names, wrong = self._walked()
        assert wrong is None, wrong
        assert names[0] in {"Naar de inhoud", "Skip to the content"}
        return names

    def _walked(self) -> tuple[list[str], str | None]:
        """The stops, and what is wrong with them."""
        self.page.evaluate(
            "document.activeElement.blur(); getSelection().empty(); window.scrollTo(0, 0)"
        )
        self.page.reload()
        self.page.evaluate(_BEGINS)
        names: list[str] = []
        for _ in range(_MOST):
            self.page.keyboard.press("Tab")
            one = self._seen()
            if one is None:
                break
            follows = self.page.evaluate(_FOLLOWS)
            if follows is None:
                break
            if not follows:
                return names, f"the focus jumps back to {one['html']}"
            names.append(one["name"])
        missed = self.page.evaluate(_MISSED)
        return names, f"the keyboard never gets there: {missed}" if missed else None

    def _seen(self) -> dict[str, Any] | None:
        one: dict[str, Any] | None = self.page.evaluate(_FOCUSED)
        if one is not None and one["tag"] != "main":
            assert one["tabindex"] == 0, f"out of its order: {one['html']}"
            assert one["ring"] >= 2, f"nobody sees where the focus is: {one['html']}"
            assert one["contrast"] >= _LEAST_CONTRAST, one
            assert one["open"], f"something lies over what has the focus: {one['html']}"
        return one

"""For each planted bug the small configuration in which exhaustion finds it."""

from __future__ import annotations

from typing import Final

from .bugs import Bug
from .explore import Small

_PLAIN: Final = Small(("c",), 1, client="portal")
_ORDERS: Final = Small(("c",), 1, client="portal", orders=frozenset({0}))
_KEPT: Final = Small(("k",), 1, client="portal")
_DOUBT: Final = Small(
    ("c", "c"), 3, frozenset({"no", "retry", "ambiguous"}), client="portal", workers=1
)
_SEEN: Final = frozenset({"look at the plan", "approve what was seen", "appear", "pass"})

WHERE: Final = dict.fromkeys(Bug, _PLAIN) | {
    Bug.KEY_AFTER_LOOK: _ORDERS,
    Bug.KEPT_FOR_EVER: _KEPT,
    Bug.LAPSED_PLAN: Small(("c",), 3, _SEEN, client="portal"),
    Bug.UNBOUND_APPROVAL: Small(("cc",), 4, _SEEN, client="portal", hidden=frozenset({1})),
    Bug.LATECOMERS: Small(("c", "c"), 2, frozenset({"outage", "pass"}), client="portal", workers=1),
    Bug.APPROVED_GOES_ON: _DOUBT,
    Bug.DOUBT_FORGOTTEN: _DOUBT,
    Bug.HALF_DONE: Small(("c",), 2, frozenset({"no", "pass"}), client="portal"),
}

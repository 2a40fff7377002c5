"""What each family of faults may come to: the table that every connector is held against.

A row says it for a fault that comes once and for one that stays, by what the call is: a `read`, a
`file`, a `token`, or a `write`. What is there after "whole" is the alternative:

whole            as in peace; of a write, exactly one effect
unavailable      nothing is known, and it is tried again by itself
unknown          a write of which nobody knows; it is read back, or tried again under its key
contract_broken  it is tried a few times more, and then a person is told
misconfigured    likewise, and it is the credentials or the address
refused          the upstream said no: a person decides (`not_found` is one of these)
failed           it was looked at, and is not as it should be: a person decides
set_aside        an answer about somebody else was seen as that, and a person is told
endless          a file went on for ever, and its reader, who keeps none of it, had enough

Never to be seen: SHORT or OTHER (a read that lacks something, or has somebody else's), CHANGED,
HANGS, RAISES. Only a file may be CHANGED: no upstream says what its sound should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Row: TypeAlias = Mapping[str, tuple[str, str]]  # by kind of call: once, always

_LATER = ("whole", "unavailable")
_LATER_WRITE = ("whole", "unavailable unknown")
_BROKEN = ("whole contract_broken", "contract_broken")
_ANY_WRITE = "whole contract_broken unknown failed"
_WRITTEN: tuple[str, str] = (_ANY_WRITE, _ANY_WRITE)
_SOUND = ("whole CHANGED contract_broken unavailable",) * 2
_NO_TOKEN = ("whole contract_broken misconfigured", "contract_broken misconfigured")
_WAITING: Row = {"read": _LATER, "file": _LATER, "token": _LATER, "write": _LATER_WRITE}
_LONG: Row = {
    "read": ("whole unavailable", "unavailable"),
    "file": ("unavailable", "unavailable"),
    "token": ("whole unavailable", "unavailable"),  # another call may ask for another token
    "write": ("whole unavailable unknown",) * 2,  # read back at once, and found to be done or not
}
_UNREADABLE: Row = {"read": _BROKEN, "file": _SOUND, "token": _NO_TOKEN, "write": _WRITTEN}
_FOR_PEOPLE: Row = {
    "read": ("whole", "contract_broken"),
    "file": ("whole", "unavailable contract_broken"),
    "token": ("whole", "contract_broken"),
    "write": ("whole unknown", "contract_broken unknown unavailable"),
}

# The upstream says that it is done, and it is not: what is read back tells, here or in the
# gateway, which verifies every erasure. So a connector may believe it.
FALSE_WORD = "false word"

EXPECTED: Mapping[str, Row] = {
    "not sent": _WAITING,
    # What its headers say has come is no sound.
    "lost before": {**_WAITING, "file": ("whole contract_broken unavailable", "unavailable contract_broken")},
    "lost after": {**_WAITING, "write": ("whole", "whole unknown unavailable")},
    "cut": {
        **_WAITING,
        "file": ("whole unavailable", "whole unavailable contract_broken"),
        "write": ("whole", "whole unknown unavailable"),
    },
    # It may overtake the end of a file, and the next call on that connection.
    "late reset": {
        **dict.fromkeys(("read", "token", "write"), ("whole", "whole unavailable")),
        "file": ("whole unavailable",) * 2,
    },
    # What is left over when an answer has ended may be seen at once, or when it is read.
    "too short": {**_UNREADABLE, "read": ("whole contract_broken", "contract_broken unavailable")},
    "drips": {
        "read": ("whole unavailable", "whole unavailable"),
        "file": ("whole unavailable", "whole unavailable"),
        "token": ("whole unavailable", "whole unavailable"),
        "write": ("whole unknown unavailable", "whole unknown unavailable"),
    },
    "harmless": dict.fromkeys(("read", "file", "token", "write"), ("whole", "whole")),
    "wrong kind": {
        **dict.fromkeys(("read", "token", "write"), ("whole", "whole")),
        "file": ("whole contract_broken unavailable", "contract_broken unavailable"),
    },
    "endless": {**_UNREADABLE, "file": ("whole endless contract_broken",) * 2, "token": _BROKEN},
    "coded": {**_UNREADABLE, "file": ("whole contract_broken",) * 2, "token": _BROKEN},
    "page": _FOR_PEOPLE,
    "page after": {**_FOR_PEOPLE, "write": ("whole", "contract_broken unknown unavailable whole")},
    "odd": {**_UNREADABLE, "file": ("unavailable contract_broken",) * 2},
    "redirect": {
        "read": _BROKEN,
        "file": _BROKEN,
        "token": _BROKEN,
        "write": ("contract_broken unknown",) * 2,
    },
    "unchanged": {**_UNREADABLE, "file": ("contract_broken",) * 2},
    "unauthorised": {
        "read": ("whole misconfigured", "misconfigured"),
        "file": ("whole misconfigured", "misconfigured"),
        "token": ("whole misconfigured", "misconfigured"),
        "write": ("whole misconfigured", "misconfigured unknown"),
    },
    "refused": {
        "read": ("whole refused", "refused"),
        "file": ("refused", "refused"),
        "token": ("whole misconfigured", "misconfigured"),
        "write": ("refused", "refused"),
    },
    "conflict": {
        "read": ("whole refused", "refused"),
        "file": ("refused", "refused"),
        "token": ("whole misconfigured", "misconfigured"),
        "write": ("refused contract_broken unknown", "refused contract_broken unknown"),
    },
    "not there": {
        "read": ("whole contract_broken not_found misconfigured refused",
                 "contract_broken not_found misconfigured refused"),
        "file": ("whole contract_broken not_found refused",
                 "whole contract_broken not_found refused"),
        "token": ("whole misconfigured", "misconfigured"),
        "write": ("refused not_found contract_broken unknown",) * 2,
    },
    "not there, own": {"write": ("failed refused not_found contract_broken unknown gone",) * 2},
    "broken before": _WAITING,
    "broken before for long": _LONG,
    "throttled": _WAITING,
    "throttled for long": _LONG,
    "accepted": {**_UNREADABLE, "file": ("unavailable contract_broken",) * 2,
                 "write": ("unknown failed contract_broken",) * 2},
    FALSE_WORD: {**_UNREADABLE, "file": ("unavailable contract_broken",) * 2},
    "emptied": _UNREADABLE,
    "mangled": _UNREADABLE,
    # In UTF-16 a sound is longer than the reader of these tests has patience for.
    "marked": {
        **_UNREADABLE,
        "read": ("whole contract_broken",) * 2,
        "file": (f"{_SOUND[0]} endless", f"{_SOUND[1]} endless"),
    },
    "another": {"read": ("whole contract_broken ambiguous not_found set_aside",) * 2, "file": ("whole CHANGED not_found endless",) * 2},
    "page again": {"read": ("whole contract_broken unavailable", "contract_broken unavailable")},
    "page skipped": {"read": ("whole contract_broken unavailable", "contract_broken unavailable")},
}  # fmt: skip

# What else one operation may say of a fault, or of one on a kind of call, and why that is honest.
ALSO: Mapping[str, Mapping[str, str]] = {
    # Xelion tells of a sound only by having it, and no sound says whose it is.
    **{f"xelion/{name}": {"another file": "OTHER"} for name in ("access", "export")},
    # A certificate is text around its bytes, and what goes astray there changes nothing.
    **{f"subprocessors/{name}": {"mangled": "whole"}
       for name in ("access", "export", "still_held", "verify", "erase")},
    # One list that cannot be read keeps no other from being read; the register says how old it is.
    # And no CSV says where it ends, or that it is one: without its last byte it is whole.
    "subprocessors/published": {
        **dict.fromkeys(EXPECTED, "SHORT"),
        **dict.fromkeys(("too short", "mangled", "marked"), "SHORT CHANGED whole"),
    },
    # What is not signed by the processor, or not known to it, is for a person to ask about.
    "subprocessors/confirm": dict.fromkeys(
        ("too short", "mangled", "marked", "emptied"), "failed whole"
    ),
    # It asks for a request that cannot exist: no answer to that can be wrong but an error.
    "subprocessors/check": dict.fromkeys(
        ("accepted", FALSE_WORD, "emptied", "unchanged", "odd", "coded", "mangled", "marked",
         "too short"), "whole"
    ),
}  # fmt: skip


def allowed(name: str, family: str, kind: str, *, always: bool, writes: bool) -> frozenset[str]:
    """The words with which an operation (`connector/operation`) may end.

    In a write, an error may be told as unknown too: of the items that were not reached.
    """
    words = set(EXPECTED[family][kind][1 if always else 0].split())
    if writes and words - {"whole"}:
        words.add("unknown")
    also = ALSO.get(name, {})
    words |= {word for key in (family, f"{family} {kind}") for word in also.get(key, "").split()}
    return frozenset(words)

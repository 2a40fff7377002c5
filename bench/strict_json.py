"""How long the strict reader of JSON takes for the worst bodies that fit under the limit.

Prints one JSON object: processor milliseconds per body, the best of seven. Goal: 10 for each, so that
nobody keeps the one event loop from the others by the shape of a body. `python bench/strict_json.py`
(which is quick: `--quick` changes nothing).
"""

from __future__ import annotations

import contextlib
import json
import time

from avgate_gateway.strict_json import MalformedJsonError, parse

LARGEST_BODY = 65_536
HEAVY = {
    "numbers": b"[" + b"1," * 32_000 + b"1]",
    "objects": b"[" + b"{}," * 21_000 + b"{}]",
    "lists": b"[" + b"[]," * 21_000 + b"[]]",
    "strings": b"[" + b'"",' * 21_000 + b'""]',
    "members": b"{" + b",".join(b'"%x":1' % i for i in range(7_000)) + b"}",
    "backslashes": b'"' + b"\\\\" * 32_000 + b'"',
    "depth": b"[" * LARGEST_BODY,
    "digits": b"[" + b",".join([b"9" * 4_299] * 15) + b"]",
    "an open string": b'["' + b"a" * 65_000,
}


def main() -> None:
    millis = {
        name: round(min(_seconds(body) for _ in range(7)) * 1000, 2) for name, body in HEAVY.items()
    }
    print(json.dumps({"milliseconds": millis, "goals": {"each": 10}}, indent=2))


def _seconds(body: bytes) -> float:
    begin = time.process_time()
    with contextlib.suppress(MalformedJsonError):
        parse(body)
    return time.process_time() - begin


if __name__ == "__main__":
    main()

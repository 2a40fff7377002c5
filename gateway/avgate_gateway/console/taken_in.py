"""What a page says first after something was done: a code in the address, a sentence in this table.

So no address holds what was done to whom, and nobody can have a page say something of their own.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import RedirectResponse, Response

DID: Final = "did"
TOLD = {
    "request": "The request was taken in.",
    "identity": "It was written down that identity was established.",
    "approved": "Your approval was taken in. Below you see how it goes on.",
    "refused": "Your refusal was taken in. The letter says why.",
    "stopped": "The request was stopped.",
    "again": "It is tried again. Below you see how it goes on.",
    "extended": "Two more months were taken. The letter says why.",
    "task": "It was taken in that this was done. Where the system can be asked, it is looked again; what is still there comes back as a task.",
    "revealed": "It was written down that you see this, and why.",
    "handed": "It was taken in: the copy is handed over.",
    "paused": "The system is paused. What is to go there waits.",
    "resumed": "The system is no longer paused. What waited goes on.",
    "checked": "Every system was asked how it is.",
    "ended": "What you chose was signed out.",
}


def taken_in(path: str, did: str) -> Response:
    """Sends the browser to a page that says what was done (RFC 9110 section 15.4.4)."""
    return RedirectResponse(f"{path}?{DID}={did}", 303)

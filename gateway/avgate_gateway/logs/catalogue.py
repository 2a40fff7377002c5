"""Every event that is told: what is not here is not said. The table in docs/operate.md is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avgate_gateway.logs.event import Event, Level

# What may stand in any line, beside an event's own fields: whatever was being worked on.
CONTEXT: Final = ("request_id", "controller", "connector", "trace_id", "span_id")
_NOTHING = "nothing"
_REPORT = "report it, with the lines around it; no data is lost by it"

PROCESS_STARTED = Event(
    "process.started", Level.INFO, ("command", "release"),
    "A process began to work.", _NOTHING,
)  # fmt: skip
PROCESS_STOPPED = Event(
    "process.stopped", Level.INFO, ("command",),
    "It ended in order; what was under way is taken up by the next.", _NOTHING,
)  # fmt: skip
LOG_LOST = Event(
    "log.lost", Level.WARNING, ("count",),
    "So many lines of the log were lost before this one: nobody took what is written to standard error, or its disk was full.",
    "see what reads it: the terminal, the log shipper, the room on its disk",
)  # fmt: skip
HTTP_ANSWERED = Event(
    "http.answered", Level.INFO, ("method", "route", "status", "duration_ms", "client"),
    "An HTTP call was answered; `route` is the pattern and never the address. `status` 0: whoever "
    "asked went before there was an answer.",
    "of 5xx: see `GET /health/ready`; of 4xx: ask the client",
)  # fmt: skip
PROBE_ANSWERED = Event(
    "http.probed", Level.DEBUG, HTTP_ANSWERED.fields,
    "The same for `/health/…` and `/metrics`, which are asked all the time.", _NOTHING,
)  # fmt: skip
# Told by the contracts, which know nothing of this catalogue.
UPSTREAM_CALLED = Event(
    "upstream.called", Level.INFO, ("method", "path", "attempt", "status", "error", "duration_ms"),
    "One try of a call to an upstream, up to the headers of its answer; `path` is a template.",
    "where tries fail again and again, ask the upstream's operator",
)  # fmt: skip
NOT_CALLED = Event(
    "upstream.not_called", Level.WARNING, ("method", "path", "reason"),
    "A call was refused here before anything was sent: its address is outside what the settings allow, "
    "leads where no upstream may be, or would have been changed by an id.",
    "correct the address in the settings, or allow its host or network there; where an upstream gave "
    "the address, ask its operator",
)  # fmt: skip
LIST_UNREADABLE = Event(
    "list.unreadable", Level.WARNING, ("provider", "reason"),
    "The list of subprocessors that a provider publishes could not be fetched or read.",
    "see its address in the settings of `subprocessors`",
)  # fmt: skip
CALL_REFUSED = Event(
    "access.refused", Level.WARNING, ("reason", "call", "client"),
    "An HTTP call was refused, by the problem that it was told; twenty lines a minute at most.",
    "ask the client; where nobody knows it, somebody tries what is not theirs",
)  # fmt: skip
CALLS_REFUSED = Event(
    "access.refused_more", Level.WARNING, ("reason", "count"),
    "So many more were refused in that minute.", "see `access.refused`",
)  # fmt: skip
UNHEARD = Event(
    "http.unheard", Level.WARNING, ("reason", "count"),
    "HTTP was refused before it was a call: it could not be read one way, was too large or too slow, or came "
    "with too many others. The first of a minute, and after it by reason how many more there were.",
    "a few are a client's mistakes, and everybody's who scans addresses; of many, see in the proxy's log who "
    "sends them, and keep them out there",
)  # fmt: skip
REQUEST_FAILED = Event(
    "request.failed", Level.ERROR, ("error", "at"),
    "An exception that nobody expected: the types of its causes and the places in the code, without "
    "its message. It may be of a request, an HTTP call or a round.",
    _REPORT,
)  # fmt: skip
REQUEST_POSTPONED = Event(
    "request.postponed", Level.ERROR, (),
    "A mistake of ours stops this request; it is tried again every 30 seconds.", _REPORT,
)  # fmt: skip
REQUEST_ORPHANED = Event(
    "request.orphaned", Level.ERROR, (),
    "The controller of this request stands in the config no more; it is tried every hour.",
    "put the controller back, or leave it",
)  # fmt: skip
REQUEST_CUT_SHORT = Event(
    "request.cut_short", Level.WARNING, ("error",),
    "The database or a lease failed under it.", "nothing: it is taken up again",
)  # fmt: skip
ENGINE_STOPPED = Event(
    "engine.stopped", Level.WARNING, ("under_way",),
    "The process ends with work under way.", "nothing: the next start, or another process, takes it up",
)  # fmt: skip
ROUND_DIED = Event(
    "round.died", Level.ERROR, ("round", "error"),
    "Something that is done again and again has ended; it is begun anew after a moment.",
    "report it; where it comes again, restart the process",
)  # fmt: skip
WORKER_LAPSED = Event(
    "worker.lapsed", Level.WARNING, ("worker",),
    "This process was not heard of for 8 seconds: others take over what it held, and it begins anew.",
    "where it comes often, see whether the machine stalls or the database is slow",
)  # fmt: skip
DATABASE_AWAY = Event(
    "database.away", Level.WARNING, ("reason",),
    "The database, or its disk, cannot be used: something that is done again and again was not done. Told "
    "once a minute while it lasts.",
    "what `reason` says; nothing has to be restarted",
)  # fmt: skip
WORKER_MISSED_A_BEAT = Event(
    "worker.missed_a_beat", Level.WARNING, ("error",),
    "The database was not reached in time; told of the first beat in a row.", "see whether it runs",
)  # fmt: skip
WORKER_CLOCK_APART = Event(
    "worker.clock_apart", Level.ERROR, ("seconds",),
    "The machine's clock is so far ahead of the database's, or behind where negative: nothing is worked on there.",
    "set it right: see whether NTP runs on both",
)  # fmt: skip
WORKER_STANDS_STILL = Event(
    "worker.stands_still", Level.ERROR, ("worker",),
    "The event loop of this process has not turned for a minute: others take over what it held.",
    "see whether a disk that it reads hangs (D in `ps`), or memory is short; restart it, and report it where neither is",
)  # fmt: skip
EVIDENCE_MISFIT = Event(
    "evidence.misfit", Level.ERROR, ("reason",),
    "An entry of the evidence does not fit: nothing is signed any more.", "run `avgate audit verify`",
)  # fmt: skip
EVIDENCE_NOT_WITNESSED = Event(
    "evidence.not_witnessed", Level.ERROR, ("reason",),
    "The file of checkpoints cannot be read or written: what is cut off the database meanwhile does not show.",
    "what `reason` says; the newest checkpoint is written by itself then",
)  # fmt: skip
KEYS_REWRAPPED = Event(
    "keys.rewrapped", Level.INFO, ("master_key", "keys"),
    "So many keys were wrapped under a new master key.",
    "`avgate keys retire` removes the former",
)  # fmt: skip
KEYS_NOT_TAKEN = Event(
    "keys.not_taken", Level.WARNING, ("reason",),
    "A new master key cannot be taken into use.", "see the file that is named",
)  # fmt: skip
KEYS_UNREADABLE = Event(
    "keys.unreadable", Level.WARNING, ("place",),
    "A key in the database opens under none of the master keys.",
    "put the master key of its time back; keep it until then",
)  # fmt: skip
ERASURES_HELD = Event(
    "erasures.held", Level.ERROR, ("most", "client"),
    "More erasures than `most` were to begin within an hour: this one waits for a person.",
    "see whether they are meant: look at who submits and approves them, and revoke who should not",
)  # fmt: skip
DATA_UNREADABLE = Event(
    "data.unreadable", Level.ERROR, ("reason",),
    "Something sealed in the database does not open: it was altered there, or its master key is missing.",
    "find out who writes the database; restore it, or the key, from a backup",
)  # fmt: skip
KEYS_NOT_RENEWED = Event(
    "keys.not_renewed", Level.WARNING, ("error",),
    "The issuer's keys could not be fetched; known ones last a day.", "see whether the issuer answers",
)  # fmt: skip
KEY_IGNORED = Event(
    "key.ignored", Level.WARNING, ("position", "reason"),
    "A key in the issuer's set cannot be used.", "ask the issuer, if tokens are refused",
)  # fmt: skip
CONNECTOR_REFUSED = Event(
    "connector.refused", Level.ERROR, ("place", "reason"),
    "A connector could not be opened; its parts wait for a person.",
    "correct what `reason` names, and restart",
)  # fmt: skip

CONSOLE_NOT_LET_IN = Event(
    "console.not_let_in", Level.WARNING, ("reason",),
    "Somebody came back from the provider of sign-ins, and was not let in to the console.",
    "`reason` says which claim or check it was: see docs/sign-in.md",
)  # fmt: skip
CONSOLE_SIGN_OUT_REFUSED = Event(
    "console.sign_out_refused", Level.WARNING, ("reason",),
    "A logout token of the provider of sign-ins was refused, so whoever it is about stays signed in here.",
    "`reason` says which claim or check it was: see docs/sign-in.md; who has to be out at once is put out by "
    "`avgate revoke`",
)  # fmt: skip
HANDOVER_POSTPONED = Event(
    "handover.postponed", Level.WARNING, ("handover", "destination", "code", "attempt"),
    "A copy could not be handed over to a successor; it is tried again.",
    "see what `code` means in `docs/hand-over.md`",
)  # fmt: skip
HANDOVER_FAILED = Event(
    "handover.failed", Level.ERROR, HANDOVER_POSTPONED.fields,
    "It was given up: a week has passed, or the person's data was destroyed.",
    "see to the destination, and ask for the hand-over again",
)  # fmt: skip
WEBHOOK_CUT_SHORT = Event(
    "webhook.cut_short", Level.WARNING, ("delivery",),
    "The database failed under an event that was being sent.",
    "nothing: it is sent again",
)  # fmt: skip
WEBHOOK_DISABLED = Event(
    "webhook.disabled", Level.ERROR, ("endpoint", "reason"),
    "Nothing is sent to this endpoint any more.",
    "ask who keeps it, and see what of it is left with `avgate webhooks`",
)  # fmt: skip
CERTIFICATE_SELF_SIGNED = Event(
    "opendsr.certificate_self_signed", Level.WARNING, (),
    "The certificate that OpenDSR answers are signed with is self-signed, which the specification forbids.",
    "have one issued for that key: docs/opendsr.md says how",
)  # fmt: skip
CERTIFICATE_ENDED = Event(
    "opendsr.certificate_ended", Level.ERROR, ("ended_at",),
    "The certificate that OpenDSR answers are signed with has ended.", "put a new one in its place",
)  # fmt: skip

EVENTS: Final[tuple[Event, ...]] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, Event)
)


def table() -> Iterator[str]:
    """The catalogue as the lines of a Markdown table, for the documentation."""
    yield "| event | level | fields | means | what to do |"
    yield "|---|---|---|---|---|"
    for one in EVENTS:
        fields = ", ".join(f"`{field}`" for field in one.fields)
        level = one.level.name.lower()
        yield f"| `{one.name}` | {level} | {fields} | {one.means} | {one.do} |"

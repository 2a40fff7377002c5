"""What each figure for Prometheus means, and what to do when it grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: `grows` says what to do when it does, for whoever is called by an alarm."""

    name: str
    labels: tuple[str, ...]
    means: str
    grows: str


DUE = Figure(
    "avgate_due_requests",
    ("controller",),
    "Requests whose time to be worked on has come and that have work left; at most 10,001 are counted.",
    "more is due than is worked off: see which upstream is slow; add a process (PostgreSQL)",
)
OLDEST = Figure(
    "avgate_oldest_due_seconds",
    ("controller",),
    "How long the oldest due request has been due; 0 if none is. Every process tells the same.",
    "above 60, `GET /health/ready` says `behind`: something holds it up, see the next two and the log",
)
PLACES = Figure(
    "avgate_places_taken",
    ("upstream",),
    "Requests that are at an upstream, each of its controller's own, in this process; 8 is full, or "
    "32 where they stay long. "
    "Those at `none` need no upstream just now.",
    "at 32 for minutes, this upstream is slow or hangs: ask its operator; others are not held up by it",
)
WAITING = Figure(
    "avgate_requests_waiting_for_a_place",
    (),
    "Requests that wait in this process for an upstream with all its places taken.",
    "see `avgate_places_taken` for which; from 1,000 on they wait in the database, and nothing is lost",
)
STUCK = Figure(
    "avgate_stuck_tasks",
    ("controller", "connector"),
    "Connectors' parts in open requests that a person has to set going; of each controller the "
    "newest 10,001 are looked at.",
    "read the reason in a request that waits for `person`, put it right, then `POST …/retry`",
)
FAULTY = Figure(
    "avgate_faulty_requests",
    (),
    "Requests that a mistake of ours stops each time they are tried in this process.",
    "report it, with what the log says of `request.postponed`; `held_up` in the request tells of it",
)
BY_HAND = Figure(
    "avgate_open_hand_tasks",
    ("controller",),
    "Tasks that people have yet to do by hand; at most 10,001 are counted.",
    "`avgate request tasks` lists them with their deadlines: do them, and `avgate request complete`",
)
ANSWERS = Figure(
    "avgate_http_answers_total",
    ("method", "status"),
    "Answers to HTTP calls by class of status, since this process began; those to probes too.",
    "of `5xx`: see `GET /health/ready` and the log; of `4xx`: a client does something wrong, ask it",
)
REFUSALS = Figure(
    "avgate_refusals_total",
    ("reason",),
    "HTTP calls that were refused in this process, by the problem they were told; `not-found` counts "
    "what is another controller's and what is not there alike.",
    "somebody tries what is not theirs, or a client is set up wrongly: the log names it (`access.refused`)",
)
UNHEARD = Figure(
    "avgate_unheard_total",
    ("reason",),
    "HTTP that was refused in this process before it was a call, by the problem it was told: what cannot be read "
    "one way, is too large, too slow, or one too many.",
    "a client is broken, or somebody tries how far they come: see `http.unheard`, and the proxy's log for who it is",
)
CALLS = Figure(
    "avgate_calls_waiting",
    (),
    "HTTP calls that wait for the beginning of their answer in this process, without probes.",
    "near `limits.at_once` calls are turned away with 503: the disk or the database is slow, or add a process",
)
ASIDE = Figure(
    "avgate_calls_set_aside",
    (),
    "HTTP calls that wait in this process for the end of their request, as `Prefer: wait` asks for.",
    "at `limits.at_once` no more are waited for: those who prefer it are answered 202 at once",
)
DATABASE = Figure(
    "avgate_database_answers",
    (),
    "1 if the database told what is due within 2 seconds; if 0, the figures of its rows are left out.",
    "at 0 the database is slow or away: `GET /health/ready` says why; work goes on when it is back",
)
SENT = Figure(
    "avgate_webhook_attempts_total",
    ("controller", "result"),
    "Attempts of this process to send a webhook or callback: `delivered`, or `failed`, of which most "
    "are tried again.",
    "of `failed`: `avgate webhooks deliveries` says of which endpoint, and how it answers",
)
UNSENT = Figure(
    "avgate_webhook_deliveries",
    ("controller", "state"),
    "Deliveries that are not there: `waiting` for an attempt, `failed` for good, or `held` because "
    "their endpoint is disabled; at most 10,001 of each are counted.",
    "of `waiting`: a receiver is slow or away; of `failed` and `held`: see the next two, then replay or enable",
)
OLDEST_UNSENT = Figure(
    "avgate_webhook_oldest_waiting_seconds",
    ("controller",),
    "How long the oldest delivery has waited that is not given up; 0 if none waits.",
    "after some hours ask whoever runs the receiver; it is given up after some four days",
)
DISABLED = Figure(
    "avgate_webhook_endpoints_disabled",
    ("controller",),
    "Endpoints to which nothing is sent any more: they answered 410, or failed for five days.",
    "`avgate webhooks list` says why; put it right, then `avgate webhooks enable`: what was held is sent",
)
OPEN = Figure(
    "avgate_open_requests",
    ("controller", "waiting_for"),
    "Requests that are open, by what they wait for (`none`: they are worked on); at most 10,001 of a "
    "controller are counted.",
    "of `identity`, `approval` and `person`: somebody has to do their part; `GET /v1/requests` lists them",
)
OLDEST_OPEN = Figure(
    "avgate_oldest_open_seconds",
    ("controller", "waiting_for"),
    "How long ago the oldest of them was received; 0 where there is none.",
    "look it up in `GET /v1/requests`: a month is all the law gives",
)
LATE = Figure(
    "avgate_late_requests",
    ("controller",),
    "Open requests whose promised day has passed.",
    "see to them today: `GET /v1/requests` lists what is due first",
)
DUE_SOON = Figure(
    "avgate_requests_due_within_7_days",
    ("controller",),
    "Open requests that are promised for one of the next seven days, today among them.",
    "as above, while there is time",
)
NEXT_WAKE = Figure(
    "avgate_next_wake_seconds",
    ("controller",),
    "How long until the next request has something to do by itself: a retry, a confirmation, the end of "
    "a term. Absent where none has.",
    "nothing: it falls while time passes",
)
UNSIGNED = Figure(
    "avgate_unsigned_evidence_entries",
    (),
    "Entries of the evidence that no signed checkpoint covers yet.",
    "for more than a minute, nothing is signed: `evidence` in `GET /health/ready` says why",
)
SIGNED_AT = Figure(
    "avgate_last_checkpoint_timestamp_seconds",
    (),
    "When the last checkpoint was signed, in seconds since 1970; absent before the first.",
    "nothing: it stays while there is nothing new; see `avgate_unsigned_evidence_entries`",
)
ROUNDS = Figure(
    "avgate_rounds",
    ("round",),
    "1 for each thing that this process does again and again, 0 while it stands still; empty where the "
    "process does none of them.",
    "at 0, `GET /health/ready` says since when and what to do",
)
RELEASE = Figure(
    "avgate_release",
    ("release",),
    "Always 1; the label says which release this process runs.",
    "nothing",
)
FIGURES: Final = (
    DUE,
    OLDEST,
    PLACES,
    WAITING,
    STUCK,
    FAULTY,
    BY_HAND,
    ANSWERS,
    REFUSALS,
    UNHEARD,
    CALLS,
    ASIDE,
    DATABASE,
    SENT,
    UNSENT,
    OLDEST_UNSENT,
    DISABLED,
    OPEN,
    OLDEST_OPEN,
    LATE,
    DUE_SOON,
    NEXT_WAKE,
    UNSIGNED,
    SIGNED_AT,
    ROUNDS,
    RELEASE,
)

"""Which of two forms a caller wants, by its Accept header (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from avgate_gateway.problem import NOT_ACCEPTABLE, Problem, ProblemError

JSON = "application/json"
CSV = "text/csv"


def wants_csv(accept: str | None) -> bool:
    """Whether CSV is wanted rather than JSON, which is the usual form.

    Raises ProblemError, 406, where neither is accepted.
    """
    told = dict(map(_range, accept.split(","))) if accept and accept.strip() else {"*/*": 1.0}
    json, csv = _quality(told, JSON), _quality(told, CSV)
    if json <= 0 and csv <= 0:
        raise ProblemError(Problem(NOT_ACCEPTABLE, f"This is given as {JSON} or {CSV}."))
    return csv > json or (CSV in told and csv == json)


def _quality(told: dict[str, float], media: str) -> float:
    """How much it is wanted; what is named exactly counts before a range."""
    kind = media.partition("/")[0]
    return next((told[name] for name in (media, f"{kind}/*", "*/*") if name in told), 0.0)


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    told = [part[2:] for part in parameters if part.startswith("q=")]
    try:
        return name, float(told[0]) if told else 1.0
    except ValueError:
        return name, 1.0

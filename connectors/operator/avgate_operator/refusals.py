"""Why the upstream deletes something not yet, and whether that can be so by all else that it says."""

from __future__ import annotations

from dataclasses import replace

from avgate_contracts import Refused
from avgate_operator.models import Service, Usage
from avgate_operator.owner import Owner

_RUNS = {
    "productActive": Refused("service_runs", "it is in service: end the service first"),
    "hasActiveProducts": Refused("service_runs", "services of theirs run: end them first"),
}
_BILLED = "usageBilled"
_BILLS = {
    _BILLED: Refused("usage_billed", "its bill can still be disputed"),
    "usageUnderDispute": Refused("usage_under_dispute", "its bill is disputed, without an end"),
}
_CONFLICT = Refused("conflict", "the upstream says that something else stands in the way")


def refusal(code: str, of: Usage | Service | Owner) -> Refused:
    """What may end by itself is asked for each day, and nobody is told: for ever, if it is not so.

    So a service that does not run, and a bill of what is no call, are for a person.
    """
    if code in _RUNS and of.runs:
        return _RUNS[code]
    if code in _BILLS and isinstance(of, Usage):
        return replace(_BILLS[code], until=of.disputable_until if code == _BILLED else None)
    return _CONFLICT

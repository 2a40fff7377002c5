"""What a client may be allowed to do, as the closed list of OAuth scopes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Scope(StrEnum):
    """One permission; none includes another."""

    READ = "requests:read"
    ACCESS = "requests:access"
    RECTIFY = "requests:rectify"
    ERASE = "requests:erase"
    EXPORT = "requests:export"
    APPROVE = "requests:approve"
    COMPLETE_TASKS = "tasks:complete"
    READ_AUDIT = "audit:read"
    READ_METRICS = "metrics:read"
    ADMIN = "admin"


MEANINGS: Mapping[Scope, str] = {
    Scope.READ: "See requests, their plans, reports and letters.",
    Scope.ACCESS: "Ask what is held about a data subject.",
    Scope.RECTIFY: "Have data of a data subject corrected.",
    Scope.ERASE: "Have data of a data subject erased.",
    Scope.EXPORT: "Have data of a data subject packed to take along.",
    Scope.APPROVE: "Approve or refuse the plan of a request that somebody else submitted.",
    Scope.COMPLETE_TASKS: "See which items are to be done by hand, and report what was done.",
    Scope.READ_AUDIT: "Read the chain of evidence.",
    Scope.READ_METRICS: "Read the figures of the whole process, of every controller: for Prometheus.",
    Scope.ADMIN: "See connectors and settings, pause a system, and set stopped work going again.",
}
"""One sentence for each scope."""

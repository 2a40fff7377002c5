"""The Python client of a gateway: everything its HTTP API offers, typed and async."""

from avgate_client import problems
from avgate_client.answers import (
    Delivery,
    Endpoint,
    Entry,
    Event,
    Handover,
    InstalledConnector,
    Kept,
    LetterVersion,
    Pause,
    Plan,
    Processor,
    Report,
    Request,
    Retention,
    Task,
)
from avgate_client.asked import Change, DataSubject, Identity, Scope
from avgate_client.client import AvgateClient
from avgate_client.errors import (
    AvgateError,
    CredentialsError,
    IncompleteError,
    InvalidCallError,
    ProblemError,
    StillUnderWayError,
    UnexpectedAnswerError,
    UnreachableError,
)
from avgate_client.result_calls import WhichLetter
from avgate_client.retrying import Patience
from avgate_contracts.credentials import ClientCredentials
from avgate_contracts.http.runtime import Runtime
from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import Category, Field, IdentifierKind

__all__ = [
    "AvgateClient",
    "AvgateError",
    "Category",
    "Change",
    "ClientCredentials",
    "CredentialsError",
    "DataSubject",
    "Delivery",
    "Endpoint",
    "Entry",
    "Event",
    "Field",
    "Handover",
    "Identifier",
    "IdentifierKind",
    "Identity",
    "IncompleteError",
    "InstalledConnector",
    "InvalidCallError",
    "Kept",
    "LetterVersion",
    "Patience",
    "Pause",
    "Plan",
    "ProblemError",
    "Processor",
    "Report",
    "Request",
    "Retention",
    "Runtime",
    "Scope",
    "StillUnderWayError",
    "Task",
    "UnexpectedAnswerError",
    "UnreachableError",
    "WhichLetter",
    "problems",
]

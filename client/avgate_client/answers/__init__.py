"""What the gateway answers, typed."""

from avgate_client.answers.answer import Answer
from avgate_client.answers.evidence import Entry, EntryPage, Event
from avgate_client.answers.plan import FieldLine, ItemLine, Plan, PlanLine
from avgate_client.answers.register import (
    ConnectorList,
    InstalledConnector,
    Pause,
    Paused,
    Processor,
    ProcessorList,
    Retention,
    Rule,
)
from avgate_client.answers.report import Report, ReportLine
from avgate_client.answers.request import ConnectorPart, Due, Follower, PlanInForce, Request, Until
from avgate_client.answers.result import Handover, HandoverList, LetterList, LetterVersion, Receipt
from avgate_client.answers.task import Kept, Task, TaskItem, TaskPage
from avgate_client.answers.webhook import (
    Delivery,
    DeliveryAttempt,
    DeliveryPage,
    Endpoint,
    EndpointList,
)

__all__ = [
    "Answer",
    "ConnectorList",
    "ConnectorPart",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryPage",
    "Due",
    "Endpoint",
    "EndpointList",
    "Entry",
    "EntryPage",
    "Event",
    "FieldLine",
    "Follower",
    "Handover",
    "HandoverList",
    "InstalledConnector",
    "ItemLine",
    "Kept",
    "LetterList",
    "LetterVersion",
    "Pause",
    "Paused",
    "Plan",
    "PlanInForce",
    "PlanLine",
    "Processor",
    "ProcessorList",
    "Receipt",
    "Report",
    "ReportLine",
    "Request",
    "Retention",
    "Rule",
    "Task",
    "TaskItem",
    "TaskPage",
    "Until",
]

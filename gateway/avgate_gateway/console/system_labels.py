"""What the word lists of systems, the register, retention and evidence are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avgate_contracts.record import ErasureWay
from avgate_gateway.register import Role
from avgate_gateway.retention import GroundCode
from avgate_gateway.retention.rule import Purpose

ABILITIES: Final[Mapping[str, str]] = {
    "access": "Access",
    "rectify": "Rectification",
    "erase": "Erasure",
    "export": "Portability",
    "confirm": "Confirms later",
    "register": "Names its processors",
}
WAYS: Final[Mapping[str, str]] = {
    ErasureWay.DELETE: "deletes it",
    ErasureWay.ANONYMISE: "takes the person out of it",
    ErasureWay.DELIST: "no longer publishes it",
    ErasureWay.FORWARD: "asks another processor to erase it",
    ErasureWay.BY_HAND: "a person has to do it",
}
ROLES: Final[Mapping[str, str]] = {
    Role.PROCESSOR: "processor",
    Role.SUBPROCESSOR: "subprocessor",
}
PURPOSES: Final[Mapping[str, str]] = {
    Purpose.LEGAL_DUTY: "a duty by law",
    Purpose.DISPUTES: "disputes about bills",
    Purpose.BILLING: "billing",
    Purpose.FRAUD_SECURITY: "finding fraud, and security",
    Purpose.TRAFFIC_ANALYSIS: "analysis of traffic",
    Purpose.CALL_HISTORY: "the call history",
}
GROUNDS: Final[Mapping[str, str]] = {
    GroundCode.LEGAL_DUTY: "a duty by law",
    GroundCode.DISPUTES: "disputes about bills",
    GroundCode.BILLING: "billing",
    GroundCode.FRAUD_SECURITY: "finding fraud, and security",
    GroundCode.TRAFFIC_ANALYSIS: "analysis of traffic",
    GroundCode.CALL_HISTORY: "the call history",
    GroundCode.CONTRACT_RUNS: "the contract still runs",
    GroundCode.RETURN_PROCESS: "goods may still be returned",
    GroundCode.SERVICE_RUNS: "the service still runs",
    GroundCode.LEGAL_CLAIM: "a legal claim",
}
EVENTS: Final[Mapping[str, str]] = {
    "task.attempted": "System tried, without success",
    "task.copied": "Copy made",
    "task.looked_again": "System looked through again",
    "task.not_done": "System has no part in it",
    "task.verified": "Looked whether it is gone",
    "access.refused": "Calls refused",
    "access.revoked": "Access taken away",
    "access.restored": "Access given back",
    "master_key.changed": "Master key changed",
    "console.signed_in": "Somebody signed in here",
    "console.signed_out": "Somebody signed out here",
    "console.timed_out": "A sign-in here ended by itself",
    "erasure.held": "Left to a person: more erasures than usual",
    "erasure.let_go": "Let go though there were more erasures than usual",
    "effect.intended": "About to be carried out",
    "effect.ended": "Carried out",
    "effect.read_back": "Read back what became of it",
    "effect.withheld": "Not carried out: it was not as decided",
    "plan.overtaken": "Done elsewhere before the preview was",
    "callback.received": "System called back",
    "retention.ended": "The time to keep it is over",
    "register.changed": "Register of processors changed",
    "vault.subject_key_destroyed": "Personal data of the request destroyed",
    "vault.retention_key_destroyed": "Last references destroyed",
    "letter.made": "Letter made",
    "handover.asked": "Copy to be handed over",
    "handover.sealed": "Copy sealed for its receiver",
    "handover.attempted": "Handing over tried, without success",
    "handover.delivered": "Copy handed over",
    "handover.failed": "Copy could not be handed over",
    "webhook.disabled": "Messages to a receiver stopped",
    "webhook.enabled": "Messages to a receiver resumed",
    "webhook.replayed": "Message sent once more",
    "webhook.tested": "Test message sent",
    "connector.paused": "System paused",
    "connector.resumed": "System resumed",
}
NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "ability": ABILITIES,
    "way": WAYS,
    "role": ROLES,
    "purpose": PURPOSES,
    "ground": GROUNDS,
}

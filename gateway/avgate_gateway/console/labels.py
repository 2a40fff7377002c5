"""What the closed word lists are called on pages; the words here are put into Dutch by the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_contracts.vocabulary import Field as SubjectField
from avgate_gateway.console import delivery_labels, system_labels
from avgate_gateway.console.reasons import REASONS, WRONGS
from avgate_gateway.flow.surveyed import Silence
from avgate_gateway.report import OutcomeWord
from avgate_gateway.store.tasks import Stage

Label = Mapping[str, str]

OPERATIONS: Final[Label] = {
    Operation.ACCESS: "Access",
    Operation.RECTIFY: "Rectification",
    Operation.ERASE: "Erasure",
    Operation.EXPORT: "Portability",
    Operation.RESTRICT: "Restriction",
    Operation.OBJECT: "Objection",
}
KINDS: Final[Label] = {
    IdentifierKind.PHONE: "Telephone number",
    IdentifierKind.EMAIL: "E-mail address",
    IdentifierKind.CUSTOMER_ID: "Customer number",
    IdentifierKind.XELION_ID: "Number in Xelion",
    IdentifierKind.ICCID: "SIM card number (ICCID)",
    IdentifierKind.IMSI: "SIM subscriber number (IMSI)",
    IdentifierKind.IP: "IP address",
    IdentifierKind.NAME_ADDRESS: "Name and address",
}
CATEGORIES: Final[Label] = {
    Category.CONTACT: "Contact details",
    Category.FINANCIAL: "Bills and payments",
    Category.COMMUNICATION_METADATA: "Call records",
    Category.VOICEMAIL: "Voicemail",
    Category.RECORDING: "Call recordings",
    Category.REACH_CONFIGURATION: "Settings of numbers and routing",
    Category.CONTACTS: "Address book",
    Category.CONNECTION_DATA: "Data of the connection",
    Category.NETWORK_METADATA: "Network data",
    Category.DELIVERY_ADDRESS: "Delivery address",
    Category.CRM_DATA: "Notes of customer service",
    Category.DIRECTORY_LISTING: "Directory listing",
    Category.PROCESSOR_DATA: "Data at a subprocessor",
}
PRODUCTS: Final[Label] = {
    Product.GENERAL: "general",
    Product.VOICE: "telephony",
    Product.MOBILE: "mobile",
    Product.WAN: "internet",
    Product.CLOUD: "cloud",
    Product.WEBSHOP: "webshop",
    Product.CONTACT_CONNECT: "Contact Connect",
    Product.XELION: "Xelion",
    Product.DIRECTORY: "directory",
}
FIELDS: Final[Label] = {
    SubjectField.NAME_GIVEN: "Given name",
    SubjectField.NAME_FAMILY: "Family name",
    SubjectField.NAME_PREFIX: "Prefix of the name",
    SubjectField.ADDRESS_STREET: "Street",
    SubjectField.ADDRESS_NUMBER: "House number",
    SubjectField.ADDRESS_POSTCODE: "Postcode",
    SubjectField.ADDRESS_CITY: "Town",
    SubjectField.EMAIL: "E-mail address",
    SubjectField.PHONE: "Telephone number",
    SubjectField.BANK_ACCOUNT: "Bank account",
}
OUTCOMES: Final[Label] = {
    OutcomeWord.PENDING: "accepted, not confirmed yet",
    OutcomeWord.ERASED: "erased",
    OutcomeWord.ANONYMISED: "anonymised",
    OutcomeWord.ALREADY_GONE: "already gone",
    OutcomeWord.SCHEDULED: "confirmed for a later day",
    OutcomeWord.RECTIFIED: "corrected",
    OutcomeWord.ALREADY_RIGHT: "already right",
    OutcomeWord.PROVIDED: "copied",
    OutcomeWord.RETAINED: "stays",
    OutcomeWord.BY_HAND: "to be done by hand",
    OutcomeWord.DONE_BY_HAND: "done by hand",
    OutcomeWord.RETURNED: "came back",
    OutcomeWord.REFUSED: "refused",
    OutcomeWord.FAILED: "failed",
    OutcomeWord.UNKNOWN: "not certain",
    OutcomeWord.NOTHING_HELD: "holds nothing",
    OutcomeWord.NOTHING_IN_SCOPE: "holds nothing of what was asked",
    OutcomeWord.NOT_RELEVANT: "does not concern this system",
    OutcomeWord.NOT_SEARCHABLE: "cannot be searched with what is known",
    OutcomeWord.NOT_DONE: "not done",
    OutcomeWord.NOT_KEPT: "knows the person, does not hold this",
    OutcomeWord.QUARANTINED: "set aside: about somebody else",
}
STAGES: Final[Label] = {
    Stage.LOCATE: "is looking",
    Stage.LOCATED: "has looked",
    Stage.EXECUTE: "at work",
    Stage.CONFIRM: "waits for confirmation",
    Stage.VERIFY: "looks again",
    Stage.DONE: "done",
    Stage.STUCK: "waits for a person",
}
CLOSINGS: Final[Label] = {
    "cancelled": "withdrawn",
    "rejected": "refused by the second person",
    "not_relevant": "answered: not relevant to this service",
    "ambiguous": "closed: it fits more than one person",
}
SYSTEMS: Final[Label] = {  # whose titles are words; names such as Xelion stay as they are
    "Phone directory": "Phone directory",
    "Subprocessors": "Subprocessors",
}
EVENTS: Final[Label] = {
    "request.received": "Request received",
    "identity.verified": "Identity established",
    "task.located": "System looked through",
    "plan.made": "Preview made",
    "plan.approved": "Preview approved",
    "plan.begins_later": "Time to withdraw it given anew",
    "plan.rejected": "Preview refused",
    "approval.withdrawn": "Approval taken back: this fits more than one person",
    "plan.discarded": "Preview thrown away: something changed",
    "request.cancelled": "Request withdrawn",
    "request.retried": "Tried again",
    "request.extended": "Two more months taken",
    "request.closed": "Request closed",
    "request.came_to": "What became of the request changed",
    "hand_task.completed": "Work by hand reported done",
    "subject.revealed": "Identifiers shown in full",
    "changes.revealed": "Correction shown in full",
    "subject.looked": "Systems asked what they hold",
    **system_labels.EVENTS,
}
SILENCES: Final[Label] = {
    Silence.NOT_RELEVANT: "does not concern this system",
    Silence.CANNOT_FIND: "cannot be searched with what is known",
    Silence.DAYS_UNKNOWN: "give the days on which the number was theirs",
    Silence.UNPROVEN: "found something that may be anybody's",
    Silence.UNSUPPORTED: "has no interface: ask there by hand",
    Silence.PASSED_ON: "other companies: only a request of its own may ask them",
    Silence.AMBIGUOUS: "this fits more than one person: give more, or days",
    Silence.HELD_BACK: "not told: elsewhere this fits more than one person",
    Silence.PAUSED: "is paused: it was not asked",
    Silence.SLOW: "too slow: no answer in time",
    Silence.BUSY: "too busy: try again in a moment",
    Silence.UNAVAILABLE: "cannot be reached",
    Silence.REFUSED: "refused to answer",
    Silence.MISCONFIGURED: "is not set up well: tell whoever runs the gateway",
    Silence.CONTRACT_BROKEN: "answered otherwise than agreed: tell whoever runs the gateway",
    Silence.FAULT: "something went wrong: tell whoever runs the gateway",
}
UNSEEN: Final[Label] = {
    WhyUnseen.OTHER_IDENTIFIER: "knows people by something else",
    WhyUnseen.DAYS_UNKNOWN: "not looked by every number: give the days on which it was theirs",
    WhyUnseen.NO_INTERFACE: "only a person can ask there",
}
ASK: Final = "ask"
COMPANIES: Final = "companies "  # before an operation: others than the system have to do it
WORK: Final[Label] = {  # what is to be done by hand
    ASK: "Ask %(system)s in writing for what the person asked: nobody can look there otherwise.",
    Operation.ERASE: "Erase this in %(system)s by hand, and look whether it is gone.",
    Operation.RECTIFY: "Correct this in %(system)s by hand, as the person asked.",
    Operation.ACCESS: "Look in %(system)s by hand what it holds, and send it along with the copy.",
    Operation.EXPORT: "Look in %(system)s by hand what it holds, and send it along with the copy.",
    COMPANIES + Operation.ERASE: "Have %(system)s erase this, and look whether it is gone.",
    COMPANIES + Operation.RECTIFY: "Have %(system)s correct this, as the person asked.",
}
_NAMED: Final = {**system_labels.NAMED, **delivery_labels.NAMED}
ALL: Final = (
    OPERATIONS, KINDS, CATEGORIES, PRODUCTS, FIELDS, OUTCOMES, STAGES, CLOSINGS, SYSTEMS, EVENTS,
    *_NAMED.values(), SILENCES, UNSEEN, REASONS, WRONGS, WORK,
)  # fmt: skip


def filters(gettext: Callable[[str], str]) -> dict[str, Any]:
    """The filters of templates that name what a word list holds."""

    def of(label: Label) -> Callable[[str | None], str]:
        # What a list does not have yet is shown as it is: a page must not fail over a new word.
        return lambda word: gettext(label.get(word or "", word or "")) if word else ""

    return {
        "operation": of(OPERATIONS),
        "kind": of(KINDS),
        "category": of(CATEGORIES),
        "product": of(PRODUCTS),
        "field": of(FIELDS),
        "outcome": of(OUTCOMES),
        "stage": of(STAGES),
        "closing": of(CLOSINGS),
        "event": of(EVENTS),
        **{name: of(label) for name, label in _NAMED.items()},
        "silence": of(SILENCES),
        "unseen_because": of(UNSEEN),
        # Of what no template names itself: plain text, in which a percent sign or a tag is just that.
        "worded": gettext,
        "work": lambda what, system: gettext(WORK[what]) % {"system": system},
    }

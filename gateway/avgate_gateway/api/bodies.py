"""What callers send: every body, closed to members that it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)
from stdnum import iban

from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.identifier import Identifier
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation
from avgate_contracts.vocabulary import Field as SubjectField
from avgate_gateway.identity_document import find_identity_data
from avgate_gateway.mistake import WrongValueError
from avgate_gateway.package import RecipientError, canonical
from avgate_gateway.plausible import implausible
from avgate_gateway.request import COPIES
from avgate_gateway.retention import PersonsGround


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise WrongValueError("must name its zone, such as 2026-03-01T09:30:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise WrongValueError("is not a moment that can be told in UTC") from None


def _written(moment: object) -> object:
    if not isinstance(moment, str):
        raise WrongValueError("must be text, such as 2026-03-01T09:30:00Z")
    return moment


def _free_text(name: str) -> AfterValidator:
    def check(text: str) -> str:
        finding = find_identity_data(text, name)
        if finding is not None:
            raise WrongValueError(finding.message)
        return text

    return AfterValidator(check)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise WrongValueError("must hold more than spaces")
    return text


_Filled = AfterValidator(_not_blank)
Moment = Annotated[datetime, Field(strict=False), BeforeValidator(_written), AfterValidator(_aware)]
Day = Annotated[date, Field(strict=False)]
_Reason = Annotated[str, Field(max_length=1000), _free_text("reason")]
Filled = Annotated[str, _Filled, _free_text("reason")]  # a reason that has to be given
_KEPT = "Kept encrypted, until the personal data of the request is destroyed."
_WHY_REJECTED = (
    f"A rejection ought to have one: the person reads it in their letter (GDPR Art. 12(4)). {_KEPT}"
)
_WHY_CANCELLED = f"The person reads it in their letter. {_KEPT}"


class Body(BaseModel):
    """What every body has in common."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def identifier_of(
    kind: IdentifierKind,
    value: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Identifier:
    """The identifier in its one spelling; raises WrongValueError for what cannot be one."""
    try:
        made = Identifier.of(kind, value, valid_from, valid_until)
    except InvalidIdentifierError as error:
        raise WrongValueError(str(error)) from None
    if kind is IdentifierKind.NAME_ADDRESS and find_identity_data(value, "name"):
        raise WrongValueError("must not hold a citizen service number; leave it out")
    return made


class IdentifierBody(Body):
    """One way to find the data subject, and the days on which it was theirs."""

    kind: Annotated[IdentifierKind, Field(strict=False)]
    value: Annotated[str, Field(min_length=1, max_length=320)]
    valid_from: Day | None = None
    valid_until: Day | None = Field(None, description="The first day on which it no longer held.")
    _identifier: Identifier | None = PrivateAttr(None)  # reading a number twice takes twice as long

    @model_validator(mode="after")
    def _canonical(self) -> Self:
        self._identifier = self.identifier()
        return self

    def identifier(self) -> Identifier:
        if self._identifier is not None:
            return self._identifier
        return identifier_of(self.kind, self.value, self.valid_from, self.valid_until)


class SubjectBody(Body):
    """The person whose data it is."""

    identifiers: Annotated[list[IdentifierBody], Field(min_length=1, max_length=50)]
    name: Annotated[str, Field(max_length=200), _free_text("name")] | None = Field(
        None,
        description="It is checked, and not kept: a letter greets nobody by name, and nobody is ever "
        "found by it.",
    )
    language: Literal["nl", "en"] | None = None


class IdentityBody(Body):
    """That, how and by whom identity was verified; never a copy of a document."""

    method: Annotated[str, Field(min_length=1, max_length=100), _Filled, _free_text("method")]
    verified_by: Annotated[
        str, Field(min_length=1, max_length=200), _Filled, _free_text("verified_by")
    ]
    verified_at: Moment


class ChangeBody(Body):
    """One value to correct: the one that `from` names, without it only where there is no other."""

    field: Annotated[SubjectField, Field(strict=False)]
    before: Annotated[str, Field(max_length=500)] | None = Field(None, alias="from")
    after: Annotated[str, Field(min_length=1, max_length=500), _Filled] = Field(alias="to")

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if self.before == self.after:
            raise WrongValueError("from and to are the same: there is nothing to change")
        for text in (self.before or "", self.after):
            finding = find_identity_data(text, self.field.value)
            if finding is not None:
                raise WrongValueError(finding.message)
        wrong = implausible(self.field, self.after)
        if wrong is not None:
            raise WrongValueError(f"to: {wrong}")
        kind = _AS_IDENTIFIER.get(self.field)
        if kind is not None:
            IdentifierBody(kind=kind, value=self.after)
        if self.field is SubjectField.BANK_ACCOUNT and not iban.is_valid(self.after):
            raise WrongValueError("a bank_account is an IBAN with the right check digits")
        return self


def _age_key(text: str) -> str:
    try:
        return canonical(text)
    except RecipientError:
        raise WrongValueError("must be an age public key: age1 and 58 characters") from None


# As callers are told; whether it may be called is looked at where the controller's hosts are known.
_CALLED = Field(max_length=500, json_schema_extra={"pattern": r"^https://[^\s]+$"})
_AS_IDENTIFIER = {
    SubjectField.PHONE: IdentifierKind.PHONE,
    SubjectField.EMAIL: IdentifierKind.EMAIL,
}


class ScopeBody(Body):
    """What the request is narrowed to."""

    connectors: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=50)] = []
    categories: Annotated[list[Annotated[Category, Field(strict=False)]], Field(max_length=50)] = []


class CreateRequest(Body):
    """A right that a person exercises."""

    operation: Annotated[Operation, Field(strict=False)]
    subject: SubjectBody
    identity: IdentityBody | None = None
    changes: Annotated[list[ChangeBody], Field(max_length=20)] = []
    scope: ScopeBody | None = None
    note: Annotated[str, Field(max_length=2000), _free_text("note")] | None = Field(
        None,
        description="For the staff who handle it: shown with what they must do by hand and in the "
        "evidence, until the personal data of the request is destroyed.",
    )
    submitted_at: Moment | None = Field(
        None,
        description="When the person asked, if that was before this call, as by an e-mail of last week: "
        "the days to answer count from then. At most 31 days ago.",
    )
    callback_url: Annotated[str, _CALLED, _free_text("callback_url")] | None = Field(
        None,
        description="Where the events of this request are sent, signed by Standard Webhooks; its "
        "host must be one of the controller's `callback_hosts`. Kept encrypted.",
    )

    recipient: Annotated[str, Field(max_length=100), AfterValidator(_age_key)] | None = Field(
        None,
        description="An age public key (`age1…`). The copy is then handed out sealed for whoever "
        "has its secret key, and never in another way; it cannot be changed later.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        fields = [change.field for change in self.changes]
        for wrong in misfits(self.operation, fields, is_sealed=self.recipient is not None):
            raise WrongValueError(wrong)
        return self


def misfits(operation: str, fields: Sequence[str], *, is_sealed: bool) -> Iterator[str]:
    """What does not fit together in a request; `fields` are those to be changed."""
    if is_sealed and operation not in COPIES:
        yield "a recipient belongs to an access or export only"
    if operation == Operation.RECTIFY and not fields:
        yield "a rectification needs changes: [{field, from?, to}]"
    if operation != Operation.RECTIFY and fields:
        yield "changes belong to a rectification only"
    if len(set(fields)) != len(fields):
        yield "each field may be changed once"


_DECISIONS = {"approved": "approve", "rejected": "reject", "refuse": "reject"}


def _decision(value: object) -> object:
    return _DECISIONS.get(value, value) if isinstance(value, str) else value


class ApprovalBody(Body):
    """The decision about exactly the plan that was seen."""

    plan_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    decision: Annotated[Literal["approve", "reject"], BeforeValidator(_decision)]
    reason: _Reason | None = Field(None, description=_WHY_REJECTED)


class CancelBody(Body):
    """Why it is withdrawn, if that is worth saying."""

    reason: _Reason | None = Field(None, description=_WHY_CANCELLED)


class RetryBody(Body):
    """Which connector to try again; all that are stuck, if none is named."""

    connector: Annotated[str, Field(max_length=40)] | None = None


class ExtensionBody(Body):
    """Why two more months are needed: the person is told (GDPR Art. 12(3))."""

    reason: Annotated[_Reason, Field(min_length=1, description=_KEPT)]


class HandoverBody(Body):
    """Whom the copy goes to: a destination of the controller's, by the name in the config."""

    destination: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class KeptBody(Body):
    """That the items of a task were not erased but have to stay, and until when."""

    ground: PersonsGround
    until: Annotated[
        Day,
        Field(
            description="The last day on which they stay: today or later, and at most 20 years from now."
        ),
    ]


class CompletionBody(Body):
    """What was done by hand, and by whom if that was not the caller."""

    evidence: Annotated[
        str, Field(min_length=1, max_length=2000, description=_KEPT), _free_text("evidence")
    ]
    completed_by: Annotated[str, Field(max_length=200), _free_text("completed_by")] | None = None
    kept: KeptBody | None = Field(
        None,
        description="Of items that are to be erased, where it turned out that the law has them stay: "
        "then `evidence` says why. They are reported as retained, and judged anew after that day. It can be said again with "
        "another day or ground as long as they are kept.",
    )

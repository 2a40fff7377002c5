"""The letter, in English."""

from __future__ import annotations

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Field, Operation
from avgate_gateway.letter.words import Columns, Headings, Words
from avgate_gateway.package.english import ENGLISH as COPY
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import WaitingFor

_NOT_BY_ITSELF = "This system cannot do it by itself."
_NOT_ALLOWED = "The system did not allow it."
_WENT_WRONG = "Something went wrong. A member of staff looks into it."
_WHOSE = "We are not yet sure which data here is yours."
_NOT_FOUND = "By what we know of you, we cannot find you here."
_STILL_THERE = "It should be gone, but it is still there."
_MEANWHILE = "Something else stands there by now. So we changed nothing."
_SPELLING = "The system cannot store a letter of the new value."
_ADDRESS = "There are several addresses. A member of staff finds out which one you mean."

ENGLISH = Words(
    tag="en",
    months=COPY.months,
    date=COPY.date,
    date_label="Date",
    reference_label="Reference",
    subject_label="Subject",
    page_label="page {page} of {pages}",
    title_answer="Our answer to your request",
    title_interim="How your request stands",
    salutation="Dear Sir or Madam,",
    closing="Yours sincerely,",
    subjects={
        Operation.ACCESS: "your request to see your data",
        Operation.RECTIFY: "your request to correct your data",
        Operation.ERASE: "your request to erase your data",
        Operation.EXPORT: "your request to take your data along",
        Operation.RESTRICT: "your request not to use your data for a time",
        Operation.OBJECT: "your objection to the use of your data",
    },
    asked={
        Operation.ACCESS: (
            "On {day} you asked us which data we hold about you. That is your right of access (Article "
            "15 of the GDPR, the European privacy law)."
        ),
        Operation.RECTIFY: (
            "On {day} you asked us to correct your data. That is your right to rectification (Article "
            "16 of the GDPR, the European privacy law)."
        ),
        Operation.ERASE: (
            "On {day} you asked us to erase your data. That is your right to erasure (Article 17 of the "
            "GDPR, the European privacy law)."
        ),
        Operation.EXPORT: (
            "On {day} you asked us for your data, to keep it or to take it to another company. That is "
            "your right to data portability (Article 20 of the GDPR, the European privacy law)."
        ),
        Operation.RESTRICT: (
            "On {day} you asked us not to use your data for a time. That is your right to restriction "
            "(Article 18 of the GDPR, the European privacy law)."
        ),
        Operation.OBJECT: (
            "On {day} you objected to our use of your data. That is your right to object (Article 21(1) "
            "of the GDPR, the European privacy law)."
        ),
    },
    fields_intro="You wanted this corrected: {fields}.",
    fields={
        Field.NAME_GIVEN: "your first name",
        Field.NAME_FAMILY: "your family name",
        Field.NAME_PREFIX: "the prefix of your name",
        Field.ADDRESS_STREET: "your street",
        Field.ADDRESS_NUMBER: "your house number",
        Field.ADDRESS_POSTCODE: "your postcode",
        Field.ADDRESS_CITY: "your town",
        Field.EMAIL: "your e-mail address",
        Field.PHONE: "your telephone number",
        Field.BANK_ACCOUNT: "your bank account number",
    },
    narrowed_systems=(
        "Your request was about these systems only: {systems}. This letter says nothing of others."
    ),
    narrowed_categories=(
        "Your request was about these data only: {categories}. This letter says nothing of other data."
    ),
    here_is_the_answer="This letter says what we did.",
    not_ready_yet="Your request is not finished yet. This letter says what is clear by now.",
    in_short="In short:",
    tallies={
        "done": ("1 item is dealt with.", "{count} items are dealt with."),
        "kept": ("1 item stays with us for now.", "{count} items stay with us for now."),
        "open": ("1 item is not finished yet.", "{count} items are not finished yet."),
        "earlier": (
            "1 item is left of an earlier request to erase data.",
            "{count} items are left of an earlier request to erase data.",
        ),
        "refused": ("1 item could not be dealt with.", "{count} items could not be dealt with."),
    },
    nothing_found="We found no data about you.",
    headings=Headings(
        meanwhile="How does it stand?",
        done="What did we do?",
        kept="What do we still keep?",
        open="What is not finished yet?",
        earlier="What is left of an earlier request?",
        refused="What could not be done?",
        unlooked="Where could we not look by ourselves?",
        recipients="Whom did we tell?",
        handed_over="To whom did we send your data?",
        providers="Which companies help us?",
        identity="How did we know that it was you?",
        disagree="Do you have a question, or do you disagree?",
    ),
    columns=Columns(
        system="System",
        data="Data",
        count="Number",
        done="What was done?",
        kept="Why, and until when?",
        open="How does it stand?",
        refused="Why not?",
        company="Company or service",
        work="For what?",
    ),
    waiting={
        WaitingFor.IDENTITY: (
            "We do not know for sure yet that this request comes from you. Only when that is clear do "
            "we look into our systems. So nobody else gets your data. We may ask you for more "
            "information. Never send a copy of your passport or of another identity document."
        ),
        WaitingFor.APPROVAL: (
            "We found out what has to be done. A second member of staff checks it now. Then we do it."
        ),
        WaitingFor.PERSON: "A member of staff still has to do something by hand.",
        WaitingFor.UPSTREAM: "We are waiting to hear from another company.",
    },
    running="We are working on your request.",
    answer_by="You will have our answer by {day}.",
    extended="We need more time than a month. The law allows that (Article 12(3) of the GDPR).",
    extension_reason="The reason is: {reason}",
    closings={
        "not_relevant": (
            "This right does not matter to the services that you have with us. So we changed nothing. Do "
            "you disagree? The end of this letter says what you can do."
        ),
        "rejected": ("We decided not to carry out your request. Nothing of your data was changed."),
        "cancelled": "Your request was withdrawn. Nothing of your data was changed.",
        "ambiguous": (
            "We could not tell with enough certainty which data is yours. So we did nothing. You can ask "
            "again, and tell us more by which we know you."
        ),
    },
    stopped="We stopped working on your request. Nothing of your data was changed.",
    refusal="The reason is: {reason}",
    refusal_unsaid="Contact us if you want to know why. You have a right to our reason.",
    refusal_of_part="The reason that our member of staff gave: {reason}",
    on=" on {first}",
    between=" between {first} and {last}",
    effective=" It takes effect on {day}.",
    not_before="It is possible only after {day}.",
    by="We do that by {day}.",
    asked_unconfirmed="We asked for it, and wait for confirmation.",
    outcomes={
        OutcomeWord.PENDING: "This is not finished yet.",
        OutcomeWord.ERASED: "Erased{on}.",
        OutcomeWord.ANONYMISED: "It no longer says that it is about you. We changed that{on}.",
        OutcomeWord.ALREADY_GONE: "This had been erased already.",
        OutcomeWord.SCHEDULED: "Its erasure is confirmed.{from}",
        OutcomeWord.RECTIFIED: "Corrected{on}.",
        OutcomeWord.ALREADY_RIGHT: "This was correct already.",
        OutcomeWord.PROVIDED: "You get a copy of this.",
        OutcomeWord.RETAINED: "We still keep this.",
        OutcomeWord.BY_HAND: "A member of staff still has to do this by hand.",
        OutcomeWord.DONE_BY_HAND: "A member of staff did this by hand{on}.",
        OutcomeWord.RETURNED: "This was erased, and is there again. A member of staff looks into it.",
        OutcomeWord.REFUSED: "This was not possible.",
        OutcomeWord.FAILED: "This did not work. A member of staff looks into it.",
        OutcomeWord.UNKNOWN: "We are not sure yet whether this worked.",
        OutcomeWord.NOTHING_HELD: "Nothing about you is held here.",
        OutcomeWord.NOTHING_IN_SCOPE: "Nothing of what you asked for is held here.",
        OutcomeWord.NOT_RELEVANT: "This right is not about this system.",
        OutcomeWord.NOT_SEARCHABLE: _NOT_FOUND,
        OutcomeWord.NOT_DONE: "Nothing was done here.",
        OutcomeWord.NOT_KEPT: "You are known here. But what you wanted corrected is not held here.",
        OutcomeWord.QUARANTINED: (
            "We also saw data here that does not fit you. We did nothing with it."
        ),
    },
    correction_scheduled="Its correction is confirmed.{from}",
    delisted=(
        "Taken out of the directory{on}. The directory does keep that you do not want to be in it."
    ),
    reasons={
        "service_runs": "The service still runs.",
        "usage_billed": "The bill for it can still be disputed.",
        "usage_under_dispute": "The bill for it is being disputed.",
        "changed_meanwhile": _MEANWHILE,
        "several": _ADDRESS,
        "altered_by_upstream": _SPELLING,
        "not_writable": _SPELLING,
        "no_permission": _NOT_ALLOWED,
        "refused": _NOT_ALLOWED,
        "conflict": _NOT_ALLOWED,
        "no_delete": _NOT_BY_ITSELF,
        "no_interface": _NOT_BY_ITSELF,
        "no_such_field": _NOT_BY_ITSELF,
        "not_rectifiable": _NOT_BY_ITSELF,
        "field_not_rectifiable": _NOT_BY_ITSELF,
        "contradiction": "There is room for only one of the new values here.",
        "cancelled": "The company that holds this broke off our request.",
        "no_erasure": _NOT_BY_ITSELF,
        "unsupported": _NOT_BY_ITSELF,
        "no_identifier": _NOT_FOUND,
        "ambiguous": _WHOSE,
        "held_back": _WHOSE,
        "unavailable": "The system could not be reached.",
        "outcome_unknown": "The system did not say whether it worked.",
        "misconfigured": _WENT_WRONG,
        "contract_broken": _WENT_WRONG,
        "fault": _WENT_WRONG,
        "altered": _WENT_WRONG,
        "no_rule": "We have yet to decide whether this may go.",
        "term_unknown": "We have yet to find out how long we must keep this.",
        "leads_on": "Only by this do we find your other data.",
        "not_effective": _STILL_THERE,
        "still_shown": _STILL_THERE,
        "still_held": _STILL_THERE,
        "rejected": "A member of staff decided not to do this.",
    },
    no_reason="The owner of this system does not allow it.",
    kept_until="We keep this up to and including {day}.",
    kept_between="We keep the oldest of it up to and including {first}, and the newest up to and including {last}.",
    kept_open="We do not know yet until when. We erase this when the reason is over.",
    kept_goes_by_itself=(
        "Is the time over? Then we erase these data by ourselves. You need not ask for it."
    ),
    law="The law: {article}.",
    earlier_left_by="This is left of the request with reference {reference}.",
    earlier_by_hand="It was still there when we looked. A member of staff erases it by hand, for that request.",
    earlier_no_copy=(
        "You get no copy of these data. We can no longer look them up for you by ourselves. Do you want to "
        "see them all the same? Then contact us."
    ),
    not_in_copy="Was there anything about you? Then you get it separately. It is not in the copy.",
    unlooked={
        WhyUnseen.OTHER_IDENTIFIER: "{part}: to find you here we need one of these: {needs}.",
        WhyUnseen.DAYS_UNKNOWN: (
            "{part}: we could not look at everything here. We do not know since when this is yours: "
            "{needs}."
        ),
        WhyUnseen.NO_INTERFACE: "{part}: a member of staff still has to ask here.",
    },
    unlooked_done="{part}: a member of staff asked here and saw to it.",
    identifiers=COPY.identifiers,
    categories=COPY.categories,
    products=COPY.products,
    names={
        "Subprocessors": "Companies that work for us",
        "Supplier of Operator": "The supplier of Operator",
        "Provider of the core network": "The provider of the telephone network",
        "Directory publisher": "The publisher of telephone directories",
        "gateway": "Our systems",
    },
    recipients="These companies had your data too. We passed your request on to them:",
    recipients_none="There is no other company that we had to tell.",
    recipients_waiting="we are still waiting for confirmation",
    handed_over="{title}: on {day}. Only this company can open your data.",
    handed_over_waits="{title}: we are still trying to send your data.",
    handed_over_failed="{title}: we could not send your data.",
    providers="These companies and services are behind what you have with us, or help us with it:",
    providers_none="There is no company in our register.",
    identity="We checked that on {day}. In this way: {method}.",
    identity_open="We do not know that for sure yet.",
    identity_none="We did not check that, for this answer did not need it.",
    copy="You get the copy of your data separately. An explanation comes with it.",
    copy_lacks="Please note: the copy may not hold everything. This letter says what is not in it.",
    files_gone="Not in the copy, from {title}: recordings or other files that were no longer there ({count}).",
    ask_again=(
        "Contact us if something is wrong or not clear. You may also make a new request at any time. "
        "For example to see your data, to have it corrected or to have it erased."
    ),
    object="Please give this reference: {reference}.",
    contact="You can reach us here: {contact}.",
    complaint=(
        "Do you disagree with our answer? You can complain to the supervisor. That is the Autoriteit "
        "Persoonsgegevens, Postbus 93374, 2509 AJ Den Haag, the Netherlands. You can also do it here:"
    ),
    court=(
        "You can also go to court (Article 79 of the GDPR). You then ask the district court, within six "
        "weeks after you received this answer (Article 35 of the Dutch GDPR Implementation Act)."
    ),
    court_interim=(
        "Is our answer late? Then you can also go to court (Article 79 of the GDPR, Article 35 of the "
        "Dutch GDPR Implementation Act)."
    ),
)

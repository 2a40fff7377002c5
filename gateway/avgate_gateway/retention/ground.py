"""Why an item stays or goes: a stable code, the article it rests on, and a sentence to read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class GroundCode(StrEnum):
    """Every reason a verdict can have. The first six are the purposes of the retention matrix."""

    BILLING = "billing"
    DISPUTES = "disputes"
    TRAFFIC_ANALYSIS = "traffic_analysis"
    FRAUD_SECURITY = "fraud_security"
    LEGAL_DUTY = "legal_duty"
    CALL_HISTORY = "call_history"
    CONTRACT_RUNS = "contract_runs"  # footnote 2 of the matrix
    RETURN_PROCESS = "return_process"  # footnote 2 of its webshop page: for returns
    SERVICE_RUNS = "service_runs"  # the matrix's infinity sign
    NO_TERM = "no_term"
    MANAGED_BY_END_USER = "managed_by_end_user"
    NO_GROUND = "no_ground"
    TERM_OVER = "term_over"
    TERM_UNKNOWN = "term_unknown"
    NO_RULE = "no_rule"
    LEADS_ON = "leads_on"
    LEGAL_CLAIM = "legal_claim"  # of no rule: by the word of a person who looked at the case


# On which a person may say that something stays: those that can keep at all, and end on a day.
PersonsGround = Literal[
    "legal_duty", "disputes", "billing", "legal_claim", "contract_runs", "return_process"
]


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason, for a program (`code`), a lawyer (`article`) and a reader (the sentences)."""

    code: GroundCode
    article: str
    sentence: str
    sentence_nl: str


def _all(*grounds: Ground) -> dict[GroundCode, Ground]:
    return {ground.code: ground for ground in grounds}


# Of what is to be erased by hand: the grounds that leave it to a person, and why it is so else.
LEFT_TO_PEOPLE = frozenset({GroundCode.TERM_UNKNOWN, GroundCode.NO_RULE, GroundCode.LEADS_ON})
NO_INTERFACE = "there is no interface to erase it here"
# Of data that has no term of its own, in a system that lets nothing of a running service go.
PART_OF_A_SERVICE = Ground(
    GroundCode.SERVICE_RUNS,
    "GDPR Art. 6(1)(b), 17(1)(a)",
    "It is part of a service that still runs, and goes by itself when that has ended.",
    "Het is deel van een dienst die nog loopt, en gaat vanzelf weg als die is beëindigd.",
)
GROUNDS: dict[GroundCode, Ground] = _all(
    Ground(
        GroundCode.BILLING,
        "GDPR Art. 17(3)(e); Tw Art. 11.5",
        "It is needed to bill what was used and to have the bill paid.",
        "Het is nodig voor de rekening van wat is gebruikt, en voor de betaling ervan.",
    ),
    Ground(
        GroundCode.DISPUTES,
        "GDPR Art. 17(3)(e); Tw Art. 11.5",
        "It is needed for as long as the bill can be disputed or its payment enforced.",
        "Het is nodig zolang er nog onenigheid over de rekening kan zijn, of zolang die nog betaald "
        "moet worden.",
    ),
    Ground(
        GroundCode.TRAFFIC_ANALYSIS,
        "GDPR Art. 17(1); Tw Art. 11.5",
        "Analysing traffic is no exception to the right to erasure.",
        "Verkeersanalyse is geen uitzondering op het recht op verwijdering.",
    ),
    # Security is the controller's own interest (6(1)(f)), and 17(3) lists no such exception. Where
    # a fraud is in fact being looked into, 17(3)(e) fits that case, and a person invokes it.
    Ground(
        GroundCode.FRAUD_SECURITY,
        "GDPR Art. 17(1)(c), 17(3)",
        "Detecting fraud in general is no exception to the right to erasure.",
        "Fraudedetectie in het algemeen is geen uitzondering op het recht op verwijdering.",
    ),
    Ground(
        GroundCode.LEGAL_DUTY,
        "GDPR Art. 17(3)(b); AWR Art. 52(4)",
        "The law obliges us to keep it with our administration.",
        "De wet verplicht ons het bij onze administratie te bewaren.",
    ),
    Ground(
        GroundCode.CALL_HISTORY,
        "GDPR Art. 17(1); Tw Art. 11.5",
        "A call history is a service to the very person who now asks to have it erased.",
        "De gesprekshistorie is er voor degene die nu om verwijdering vraagt.",
    ),
    Ground(
        GroundCode.CONTRACT_RUNS,
        "GDPR Art. 6(1)(b), 17(1)(a); Tw Art. 13.4",
        "The contract still runs: it is needed to deliver the service, and the law wants the "
        "subscribers of a running service to be known (CIOT).",
        "Het contract loopt nog: het is nodig om de dienst te leveren. Ook moet volgens de wet bekend "
        "zijn wie een lopende dienst afneemt.",
    ),
    Ground(
        GroundCode.RETURN_PROCESS,
        "GDPR Art. 6(1)(b), 17(1)(a)",
        "The contract still runs: it is needed to send goods and to take them back.",
        "Het contract loopt nog: het is nodig om goederen te bezorgen en terug te nemen.",
    ),
    Ground(
        GroundCode.SERVICE_RUNS,
        "GDPR Art. 17(3)(b); Tw Art. 13.4",
        "The connection is still in service, and the law wants the subscribers of a running "
        "service to be known (CIOT).",
        "De aansluiting is nog in gebruik, en volgens de wet moet bekend zijn wie een lopende dienst "
        "afneemt.",
    ),
    Ground(
        GroundCode.NO_TERM,
        "GDPR Art. 17(1)",
        "There is no term for which it must be kept.",
        "Er is geen termijn waarvoor het bewaard moet worden.",
    ),
    Ground(
        GroundCode.MANAGED_BY_END_USER,
        "GDPR Art. 17(1)",
        "It is the end user's own to keep or to remove.",
        "De eindgebruiker beheert het zelf, en mag het laten verwijderen.",
    ),
    Ground(
        GroundCode.NO_GROUND,
        "GDPR Art. 17(1)",
        "What it is kept for is no ground to keep it once erasure is asked.",
        "Waarvoor het bewaard wordt, is geen grond om het te houden als om verwijdering is "
        "gevraagd.",
    ),
    Ground(
        GroundCode.TERM_OVER,
        "GDPR Art. 17(1)(a)",
        "The term for which it had to be kept is over.",
        "De termijn waarvoor het bewaard moest worden, is voorbij.",
    ),
    Ground(
        GroundCode.TERM_UNKNOWN,
        "GDPR Art. 17(3)",
        "It has a term, but nobody knows from when it runs: a person has to find out.",
        "Er geldt een termijn, maar niet bekend is vanaf wanneer: iemand moet dat uitzoeken.",
    ),
    Ground(
        GroundCode.NO_RULE,
        "GDPR Art. 5(1)(e)",
        "The retention matrix has no rule for it: a person has to decide.",
        "De bewaartermijnmatrix heeft er geen regel voor: iemand moet beslissen.",
    ),
    Ground(
        GroundCode.LEADS_ON,
        "GDPR Art. 5(2)",
        "By it alone the rest is found, which this request leaves out: ask for all categories, or "
        "let a person remove it.",
        "Alleen hiermee is de rest te vinden, en die valt buiten dit verzoek: vraag alle soorten "
        "gegevens, of laat iemand het verwijderen.",
    ),
    Ground(
        GroundCode.LEGAL_CLAIM,
        "GDPR Art. 17(3)(e)",
        "It is needed to establish, to exercise or to defend a legal claim.",
        "Het is nodig om een rechtsvordering in te stellen, uit te oefenen of te onderbouwen.",
    ),
)

"""The letter, in Dutch."""

from __future__ import annotations

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Field, Operation
from avgate_gateway.letter.words import Columns, Headings, Words
from avgate_gateway.package.dutch import DUTCH as COPY
from avgate_gateway.report import OutcomeWord
from avgate_gateway.request import WaitingFor

_NOT_BY_ITSELF = "Dit systeem kan het niet vanzelf."
_NOT_ALLOWED = "Het systeem liet het niet toe."
_WENT_WRONG = "Er ging iets mis. Een medewerker kijkt ernaar."
_WHOSE = "Wij weten nog niet zeker welke gegevens hier van u zijn."
_NOT_FOUND = "Met wat wij van u weten, kunnen wij u hier niet vinden."
_STILL_THERE = "Het zou weg zijn, maar het staat er nog."
_MEANWHILE = "Er staat intussen iets anders. Daarom hebben wij niets veranderd."
_SPELLING = "Het systeem kan een letter van het nieuwe gegeven niet opslaan."
_ADDRESS = "Er staan meer adressen. Een medewerker zoekt uit welk adres u bedoelt."

DUTCH = Words(
    tag="nl",
    months=COPY.months,
    date=COPY.date,
    date_label="Datum",
    reference_label="Kenmerk",
    subject_label="Onderwerp",
    page_label="pagina {page} van {pages}",
    title_answer="Ons antwoord op uw verzoek",
    title_interim="Hoe het staat met uw verzoek",
    salutation="Geachte heer of mevrouw,",
    closing="Met vriendelijke groet,",
    subjects={
        Operation.ACCESS: "uw verzoek om inzage in uw gegevens",
        Operation.RECTIFY: "uw verzoek om uw gegevens te verbeteren",
        Operation.ERASE: "uw verzoek om uw gegevens te verwijderen",
        Operation.EXPORT: "uw verzoek om uw gegevens mee te nemen",
        Operation.RESTRICT: "uw verzoek om uw gegevens tijdelijk niet te gebruiken",
        Operation.OBJECT: "uw bezwaar tegen het gebruik van uw gegevens",
    },
    asked={
        Operation.ACCESS: (
            "Op {day} hebt u ons gevraagd welke gegevens wij van u hebben. Dat is uw recht op inzage "
            "(artikel 15 van de AVG, de Europese privacywet)."
        ),
        Operation.RECTIFY: (
            "Op {day} hebt u ons gevraagd om uw gegevens te verbeteren. Dat is uw recht op "
            "rectificatie (artikel 16 van de AVG, de Europese privacywet)."
        ),
        Operation.ERASE: (
            "Op {day} hebt u ons gevraagd om uw gegevens te verwijderen. Dat is uw recht op "
            "verwijdering (artikel 17 van de AVG, de Europese privacywet)."
        ),
        Operation.EXPORT: (
            "Op {day} hebt u ons gevraagd om uw gegevens, zodat u ze kunt bewaren of meenemen naar "
            "een ander bedrijf. Dat is uw recht op overdracht (artikel 20 van de AVG, de Europese "
            "privacywet)."
        ),
        Operation.RESTRICT: (
            "Op {day} hebt u ons gevraagd om uw gegevens tijdelijk niet te gebruiken. Dat is uw recht "
            "op beperking (artikel 18 van de AVG, de Europese privacywet)."
        ),
        Operation.OBJECT: (
            "Op {day} hebt u bij ons bezwaar gemaakt tegen het gebruik van uw gegevens. Dat is uw "
            "recht van bezwaar (artikel 21 lid 1 van de AVG, de Europese privacywet)."
        ),
    },
    fields_intro="U wilde dit verbeteren: {fields}.",
    fields={
        Field.NAME_GIVEN: "uw voornaam",
        Field.NAME_FAMILY: "uw achternaam",
        Field.NAME_PREFIX: "het tussenvoegsel van uw naam",
        Field.ADDRESS_STREET: "uw straat",
        Field.ADDRESS_NUMBER: "uw huisnummer",
        Field.ADDRESS_POSTCODE: "uw postcode",
        Field.ADDRESS_CITY: "uw woonplaats",
        Field.EMAIL: "uw e-mailadres",
        Field.PHONE: "uw telefoonnummer",
        Field.BANK_ACCOUNT: "uw rekeningnummer",
    },
    narrowed_systems="Uw verzoek ging alleen over: {systems}. Over andere systemen zegt deze brief niets.",
    narrowed_categories="Uw verzoek ging alleen over: {categories}. Over andere gegevens zegt deze brief niets.",
    here_is_the_answer="In deze brief leest u wat wij hebben gedaan.",
    not_ready_yet="Uw verzoek is nog niet klaar. In deze brief leest u wat er nu duidelijk is.",
    in_short="In het kort:",
    tallies={
        "done": ("Met 1 gegeven zijn wij klaar.", "Met {count} gegevens zijn wij klaar."),
        "kept": ("1 gegeven bewaren wij nog.", "{count} gegevens bewaren wij nog."),
        "open": ("Met 1 gegeven zijn wij nog bezig.", "Met {count} gegevens zijn wij nog bezig."),
        "earlier": (
            "1 gegeven is over van een eerder verzoek om te verwijderen.",
            "{count} gegevens zijn over van een eerder verzoek om te verwijderen.",
        ),
        "refused": ("Bij 1 gegeven kon het niet.", "Bij {count} gegevens kon het niet."),
    },
    nothing_found="Wij hebben geen gegevens van u gevonden.",
    headings=Headings(
        meanwhile="Hoe staat het ermee?",
        done="Wat hebben wij gedaan?",
        kept="Wat bewaren wij nog?",
        open="Wat is nog niet klaar?",
        earlier="Wat is er over van een eerder verzoek?",
        refused="Wat kon niet?",
        unlooked="Waar konden wij niet vanzelf kijken?",
        recipients="Wie hebben wij dit laten weten?",
        handed_over="Naar wie hebben wij uw gegevens gestuurd?",
        providers="Welke bedrijven helpen ons?",
        identity="Hoe wisten wij dat u het was?",
        disagree="Hebt u een vraag, of bent u het er niet mee eens?",
    ),
    columns=Columns(
        system="Systeem",
        data="Gegevens",
        count="Aantal",
        done="Wat is ermee gedaan?",
        kept="Waarom, en tot wanneer?",
        open="Hoe staat het ermee?",
        refused="Waarom niet?",
        company="Bedrijf of dienst",
        work="Waarvoor?",
    ),
    waiting={
        WaitingFor.IDENTITY: (
            "Wij weten nog niet zeker dat dit verzoek van u komt. Pas als dat duidelijk is, kijken "
            "wij in onze systemen. Zo krijgt niemand anders uw gegevens. Wij kunnen u om meer "
            "informatie vragen. Stuur nooit een kopie van uw paspoort of een ander identiteitsbewijs."
        ),
        WaitingFor.APPROVAL: (
            "Wij hebben uitgezocht wat er moet gebeuren. Een tweede medewerker controleert dat nu. "
            "Daarna voeren wij het uit."
        ),
        WaitingFor.PERSON: "Een medewerker moet nog iets met de hand doen.",
        WaitingFor.UPSTREAM: "Wij wachten nog op bericht van een ander bedrijf.",
    },
    running="Wij zijn met uw verzoek bezig.",
    answer_by="Uiterlijk op {day} krijgt u ons antwoord.",
    extended="Wij hebben meer tijd nodig dan een maand. De wet staat dat toe (artikel 12 lid 3 van de AVG).",
    extension_reason="De reden is: {reason}",
    closings={
        "not_relevant": (
            "Dit recht is niet van belang voor de diensten die u bij ons hebt. Daarom hebben wij niets "
            "veranderd. Bent u het hier niet mee eens? Onderaan deze brief leest u wat u kunt doen."
        ),
        "rejected": "Wij hebben besloten uw verzoek niet uit te voeren. Er is niets aan uw gegevens veranderd.",
        "cancelled": "Uw verzoek is ingetrokken. Er is niets aan uw gegevens veranderd.",
        "ambiguous": (
            "Wij konden niet zeker genoeg vaststellen welke gegevens van u zijn. Daarom hebben wij "
            "niets gedaan. U kunt het opnieuw vragen, met meer gegevens waaraan wij u herkennen."
        ),
    },
    stopped="Wij zijn met uw verzoek gestopt. Er is niets aan uw gegevens veranderd.",
    refusal="De reden is: {reason}",
    refusal_unsaid="Neem contact met ons op als u wilt weten waarom. U hebt recht op onze reden.",
    refusal_of_part="De reden die onze medewerker gaf: {reason}",
    on=" op {first}",
    between=" tussen {first} en {last}",
    effective=" Het gaat in op {day}.",
    not_before="Het kan pas na {day}.",
    by="Dat doen wij uiterlijk op {day}.",
    asked_unconfirmed="Wij hebben het gevraagd en wachten op bevestiging.",
    outcomes={
        OutcomeWord.PENDING: "Dit is nog niet klaar.",
        OutcomeWord.ERASED: "Verwijderd{on}.",
        OutcomeWord.ANONYMISED: "Er staat niet meer in dat het over u gaat. Wij hebben dat veranderd{on}.",
        OutcomeWord.ALREADY_GONE: "Dit was al verwijderd.",
        OutcomeWord.SCHEDULED: "Het verwijderen is bevestigd.{from}",
        OutcomeWord.RECTIFIED: "Verbeterd{on}.",
        OutcomeWord.ALREADY_RIGHT: "Dit klopte al.",
        OutcomeWord.PROVIDED: "U krijgt hiervan een kopie.",
        OutcomeWord.RETAINED: "Dit bewaren wij nog.",
        OutcomeWord.BY_HAND: "Een medewerker moet dit nog met de hand doen.",
        OutcomeWord.DONE_BY_HAND: "Een medewerker heeft dit met de hand gedaan{on}.",
        OutcomeWord.RETURNED: "Dit was verwijderd, maar staat er opnieuw. Een medewerker zoekt dat uit.",
        OutcomeWord.REFUSED: "Dit kon niet.",
        OutcomeWord.FAILED: "Dit is niet gelukt. Een medewerker zoekt dat uit.",
        OutcomeWord.UNKNOWN: "Wij weten nog niet zeker of dit is gelukt.",
        OutcomeWord.NOTHING_HELD: "Hier staat niets over u.",
        OutcomeWord.NOTHING_IN_SCOPE: "Van wat u hebt gevraagd, staat hier niets.",
        OutcomeWord.NOT_RELEVANT: "Dit recht gaat niet over dit systeem.",
        OutcomeWord.NOT_SEARCHABLE: _NOT_FOUND,
        OutcomeWord.NOT_DONE: "Hier is niets gedaan.",
        OutcomeWord.NOT_KEPT: "U bent hier bekend. Maar wat u wilde verbeteren, staat hier niet.",
        OutcomeWord.QUARANTINED: "Wij zagen hier ook gegevens die niet bij u passen. Daar hebben wij niets mee gedaan.",
    },
    correction_scheduled="Het verbeteren is bevestigd.{from}",
    delisted="Uit de gids gehaald{on}. De gids bewaart wel dat u er niet in wilt staan.",
    reasons={
        "service_runs": "De dienst loopt nog.",
        "usage_billed": "De rekening hiervan kan nog worden betwist.",
        "usage_under_dispute": "Over de rekening hiervan loopt nog een geschil.",
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
        "contradiction": "Hier past maar één van de nieuwe gegevens.",
        "cancelled": "Het bedrijf dat dit beheert, heeft ons verzoek afgebroken.",
        "no_erasure": _NOT_BY_ITSELF,
        "unsupported": _NOT_BY_ITSELF,
        "no_identifier": _NOT_FOUND,
        "ambiguous": _WHOSE,
        "held_back": _WHOSE,
        "unavailable": "Het systeem was niet bereikbaar.",
        "outcome_unknown": "Het systeem heeft niet laten weten of het is gelukt.",
        "misconfigured": _WENT_WRONG,
        "contract_broken": _WENT_WRONG,
        "fault": _WENT_WRONG,
        "altered": _WENT_WRONG,
        "no_rule": "Wij moeten nog beslissen of dit weg mag.",
        "term_unknown": "Wij moeten nog uitzoeken hoe lang wij dit moeten bewaren.",
        "leads_on": "Alleen hiermee vinden wij uw andere gegevens terug.",
        "not_effective": _STILL_THERE,
        "still_shown": _STILL_THERE,
        "still_held": _STILL_THERE,
        "rejected": "Een medewerker heeft besloten dit niet te doen.",
    },
    no_reason="De beheerder van dit systeem staat het niet toe.",
    kept_until="Wij bewaren dit tot en met {day}.",
    kept_between="Wij bewaren dit tot en met {first} voor het oudste, en tot en met {last} voor het nieuwste.",
    kept_open="Wij weten nog niet tot wanneer. Wij verwijderen dit als de reden voorbij is.",
    kept_goes_by_itself="Is de tijd voorbij? Dan verwijderen wij deze gegevens vanzelf. U hoeft daar niet om te vragen.",
    law="Dit staat in {article}.",
    earlier_left_by="Dit is over van het verzoek met kenmerk {reference}.",
    earlier_by_hand="Het stond er nog toen wij keken. Een medewerker verwijdert het met de hand, voor dat verzoek.",
    earlier_no_copy=(
        "Van deze gegevens krijgt u geen kopie. Wij kunnen ze niet meer vanzelf voor u opzoeken. Wilt u ze "
        "toch zien? Neem dan contact met ons op."
    ),
    not_in_copy="Stond daar iets over u? Dan krijgt u dat apart. Het zit niet in de kopie.",
    unlooked={
        WhyUnseen.OTHER_IDENTIFIER: (
            "{part}: om u hier te vinden hebben wij een van deze gegevens nodig: {needs}."
        ),
        WhyUnseen.DAYS_UNKNOWN: (
            "{part}: wij konden hier niet alles bekijken. Wij weten niet sinds wanneer dit van u is: "
            "{needs}."
        ),
        WhyUnseen.NO_INTERFACE: "{part}: een medewerker moet het hier nog navragen.",
    },
    unlooked_done="{part}: een medewerker heeft het hier nagevraagd en afgehandeld.",
    identifiers=COPY.identifiers,
    categories=COPY.categories,
    products=COPY.products,
    names={
        "Phone directory": "Telefoongids",
        "Phone directories": "Telefoongidsen",
        "Subprocessors": "Bedrijven die voor ons werken",
        "Supplier of Operator": "Leverancier van Operator",
        "Provider of the core network": "Leverancier van het telefoonnetwerk",
        "Processors behind the service": "Verwerkers achter de dienst",
        "Directory publisher": "Uitgever van telefoongidsen",
        "Printed directory": "Gedrukte telefoongids",
        "Online directory": "Telefoongids op internet",
        "Webshop": "Webwinkel",
        "External repair service": "Hersteldienst",
        "Parcel carrier": "Pakketbezorger",
        "Companies with a processing agreement": "Andere bedrijven die voor ons werken",
        "gateway": "Onze systemen",
    },
    recipients="Deze bedrijven hadden uw gegevens ook. Wij hebben uw verzoek aan hen doorgegeven:",
    recipients_none="Er is geen ander bedrijf dat wij dit moesten laten weten.",
    recipients_waiting="wij wachten nog op bevestiging",
    handed_over="{title}: op {day}. Alleen dit bedrijf kan uw gegevens openen.",
    handed_over_waits="{title}: wij proberen uw gegevens nog te sturen.",
    handed_over_failed="{title}: het is niet gelukt om uw gegevens te sturen.",
    providers="Deze bedrijven en diensten zitten achter wat u bij ons afneemt, of helpen ons daarbij:",
    providers_none="Er staat geen bedrijf in ons register.",
    identity="Wij hebben dat gecontroleerd op {day}. De manier: {method}.",
    identity_open="Dat weten wij nog niet zeker.",
    identity_none="Wij hebben dat niet gecontroleerd, want dat was niet nodig voor dit antwoord.",
    copy="De kopie van uw gegevens krijgt u apart. Er zit een uitleg bij.",
    copy_lacks="Let op: in de kopie zit misschien niet alles. In deze brief leest u wat er niet in zit.",
    files_gone="Niet in de kopie, uit {title}: opnamen of andere bestanden die er niet meer waren ({count}).",
    ask_again=(
        "Neem contact met ons op als iets niet klopt of niet duidelijk is. U mag ook altijd opnieuw een "
        "verzoek doen. Bijvoorbeeld om uw gegevens te zien, te verbeteren of te laten verwijderen."
    ),
    object="Noem dan dit kenmerk: {reference}.",
    contact="U bereikt ons zo: {contact}.",
    complaint=(
        "Bent u het niet eens met ons antwoord? Dan kunt u een klacht indienen bij de toezichthouder. Dat "
        "is de Autoriteit Persoonsgegevens, Postbus 93374, 2509 AJ Den Haag. Het kan ook via internet:"
    ),
    court=(
        "U kunt ook naar de rechter gaan (artikel 79 van de AVG). U vraagt het dan aan de rechtbank, "
        "binnen zes weken nadat u dit antwoord hebt gekregen (artikel 35 van de Uitvoeringswet AVG)."
    ),
    court_interim=(
        "Krijgt u ons antwoord niet op tijd? Dan kunt u ook naar de rechter gaan (artikel 79 van de "
        "AVG, artikel 35 van de Uitvoeringswet AVG)."
    ),
)

"""The page for the person, in Dutch."""

from __future__ import annotations

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway.package.content import SystemOutcome
from avgate_gateway.package.wording import Wording

DUTCH = Wording(
    path="LEESMIJ.txt",
    months=(
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ),
    date="{day} {month} {year}",
    purposes={
        Operation.ACCESS: (
            "U hebt gevraagd welke gegevens wij van u hebben. In deze map staat een kopie.\n"
            "Dat is uw recht op inzage (artikel 15 van de AVG, de Europese privacywet)."
        ),
        Operation.EXPORT: (
            "U hebt gevraagd om uw gegevens, zodat u ze kunt bewaren of meenemen naar een ander.\n"
            "Dat is uw recht op overdracht (artikel 20 van de AVG, de Europese privacywet)."
        ),
    },
    outcomes={
        SystemOutcome.COMPLETED: 'Uw gegevens staan in de map "{folder}".',
        SystemOutcome.PARTLY: (
            'Uw gegevens staan in de map "{folder}". Wij konden niet overal in dit systeem kijken.'
        ),
        SystemOutcome.NOT_SEARCHABLE: (
            "Wij konden hier niet kijken, of niet overal. Wij hebben niets over u gevonden."
        ),
        SystemOutcome.LEFT_EARLIER: (
            "Hier staat alleen nog wat na een eerder verzoek om te verwijderen is overgebleven:"
        ),
        SystemOutcome.NOTHING_HELD: "In dit systeem staat niets over u.",
        SystemOutcome.NOTHING_IN_SCOPE: (
            "Van wat is gevraagd, staat hier niets. Naar andere gegevens hebben wij niet gekeken."
        ),
        SystemOutcome.NOT_RELEVANT: "Dit recht gaat niet over dit systeem.",
        SystemOutcome.PENDING: "Dit systeem is nog bezig. Deze gegevens zitten nog niet in de map.",
        SystemOutcome.UNSUPPORTED: (
            "Dit systeem kan gegevens niet vanzelf geven. Een medewerker moet dit met de hand doen."
        ),
        SystemOutcome.DONE_BY_HAND: (
            "Een medewerker heeft dit met de hand gedaan. Wat daar stond, zit niet in deze map."
        ),
        SystemOutcome.REFUSED: "Dit systeem heeft de gegevens niet gegeven. Ze ontbreken hier.",
        SystemOutcome.FAILED: "Het is niet gelukt om uw gegevens op te halen. Ze ontbreken hier.",
        SystemOutcome.UNKNOWN: (
            "Wij weten niet zeker of alles is opgehaald. Er kunnen gegevens ontbreken."
        ),
    },
    narrowed=(
        "Let op: het verzoek was beperkt. Hebben wij nog andere gegevens van u? Daarover zegt deze\n"
        "map niets."
    ),
    only_systems="Wij hebben alleen in deze systemen gekeken: {systems}.",
    only_categories="Wij hebben alleen naar deze soorten gegevens gekeken:\n{categories}",
    reason="Toelichting: {reason}",
    unseen={
        WhyUnseen.OTHER_IDENTIFIER: (
            "{part}: hier hebben wij niet gekeken. Om u hier te vinden hebben wij een van deze\n"
            "    gegevens nodig: {needs}."
        ),
        WhyUnseen.DAYS_UNKNOWN: (
            "{part}: hier hebben wij niet alles gevonden. Wij weten niet sinds wanneer dit van u\n"
            "    is: {needs}."
        ),
        WhyUnseen.NO_INTERFACE: (
            "{part}: hier hebben wij niet gekeken. Een medewerker moet het navragen."
        ),
    },
    files_gone=(
        "Opnamen of andere bestanden die er niet meer waren toen wij ze wilden kopiëren: {count}.\n"
        "    Die zitten niet in deze map."
    ),
    kept_until=(
        "{category} ({count}): na een eerder verzoek bewaren wij dit nog, tot en met {until}.\n"
        "    Het zit niet in deze map."
    ),
    kept="{category} ({count}): na een eerder verzoek bewaren wij dit nog. Het zit niet in deze map.",
    left_to_staff=(
        "{category} ({count}): na een eerder verzoek moet een medewerker dit nog verwijderen.\n"
        "    Het zit niet in deze map."
    ),
    asked="{part}: een medewerker heeft het nagevraagd. Wat daar stond, zit niet in deze map.",
    identifiers={
        IdentifierKind.PHONE: "uw telefoonnummer",
        IdentifierKind.EMAIL: "uw e-mailadres",
        IdentifierKind.CUSTOMER_ID: "uw klantnummer",
        IdentifierKind.XELION_ID: "uw nummer in Xelion",
        IdentifierKind.ICCID: "het nummer van uw simkaart (ICCID)",
        IdentifierKind.IMSI: "het abonneenummer van uw simkaart (IMSI)",
        IdentifierKind.IP: "uw IP-adres",
        IdentifierKind.NAME_ADDRESS: "uw naam en adres",
    },
    categories={
        Category.CONTACT: "uw naam, adres en andere contactgegevens",
        Category.FINANCIAL: "rekeningen en betalingen",
        Category.COMMUNICATION_METADATA: "wanneer en met wie u hebt gebeld of berichten stuurde",
        Category.VOICEMAIL: "voicemailberichten",
        Category.RECORDING: "opnamen van gesprekken",
        Category.REACH_CONFIGURATION: "hoe u bereikbaar bent, zoals doorschakelen",
        Category.CONTACTS: "uw eigen adresboek",
        Category.CONNECTION_DATA: "gegevens over uw internetverbinding",
        Category.NETWORK_METADATA: "gegevens over het gebruik van het netwerk",
        Category.DELIVERY_ADDRESS: "adressen waar iets is bezorgd",
        Category.CRM_DATA: "notities en contact met de klantenservice",
        Category.DIRECTORY_LISTING: "uw vermelding in de telefoongids",
        Category.PROCESSOR_DATA: "gegevens bij bedrijven die voor ons werken",
    },
    products={
        Product.GENERAL: "algemeen",
        Product.VOICE: "vaste telefonie",
        Product.MOBILE: "mobiele telefonie",
        Product.WAN: "internet en netwerk",
        Product.CLOUD: "clouddiensten",
        Product.WEBSHOP: "webwinkel",
        Product.CONTACT_CONNECT: "Contact Connect",
        Product.XELION: "Xelion",
        Product.DIRECTORY: "telefoongids",
    },
    page="""\
UW GEGEVENS

Deze map is voor u gemaakt door {controller}, op {made}.
Wij kregen uw verzoek op {received}.
Het kenmerk van uw verzoek is {request}. Noem dit kenmerk als u contact met ons opneemt.

{purpose}{narrowed}


WELKE SYSTEMEN HEBBEN WIJ BEKEKEN?

{systems}


WAT STAAT ER IN DE MAPPEN?

Elk systeem heeft een eigen map.
De naam van een bestand zegt wat erin staat: eerst het product, dan het soort gegevens.

De producten zijn:

{products}

De soorten gegevens zijn:

{categories}

Bijna alles staat er twee keer in:

- Een bestand met .csv aan het eind is een tabel. U opent het bijvoorbeeld met Excel of
  LibreOffice.
- Een bestand met .json aan het eind is voor computers. Een ander bedrijf kan het inlezen.
  Hierin staat alles precies zoals in het systeem.

Opnamen en andere bestanden staan in de map "files". Ze heten 0001, 0002, enzovoort.
In manifest.json staat hoe ze in het systeem heetten, en een controlegetal voor elk bestand.

In de tabellen ziet u soms een ' voor of in een tekst, bijvoorbeeld '+31612345678.
Dat teken hebben wij toegevoegd, zodat uw programma de tekst niet als som leest.
Het hoort niet bij uw gegevens.


KLOPT ER IETS NIET?

Neem dan contact op met {controller} en noem uw kenmerk.
U mag vragen om uw gegevens te verbeteren of te wissen.

Bent u het niet met ons eens? Dan kunt u een klacht indienen bij de Autoriteit
Persoonsgegevens:
{complaints}

Let op: in deze map staan persoonlijke gegevens. Bewaar hem op een veilige plek.
""",
)

"""The page for the person, in English."""

from __future__ import annotations

from avgate_contracts.record import WhyUnseen
from avgate_contracts.vocabulary import Category, IdentifierKind, Operation, Product
from avgate_gateway.package.content import SystemOutcome
from avgate_gateway.package.wording import Wording

ENGLISH = Wording(
    path="README.txt",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    date="{day} {month} {year}",
    purposes={
        Operation.ACCESS: (
            "You asked which data we have about you. This folder holds a copy.\n"
            "That is your right of access (Article 15 of the GDPR, the European privacy law)."
        ),
        Operation.EXPORT: (
            "You asked for your data, to keep it or to take it to someone else.\n"
            "That is your right to data portability (Article 20 of the GDPR, the European\n"
            "privacy law)."
        ),
    },
    outcomes={
        SystemOutcome.COMPLETED: 'Your data is in the folder "{folder}".',
        SystemOutcome.PARTLY: (
            'Your data is in the folder "{folder}". We could not look everywhere in this system.'
        ),
        SystemOutcome.NOT_SEARCHABLE: (
            "We could not look here, or not everywhere. We found nothing about you."
        ),
        SystemOutcome.LEFT_EARLIER: (
            "Only what was left after an earlier request to erase is still here:"
        ),
        SystemOutcome.NOTHING_HELD: "This system holds nothing about you.",
        SystemOutcome.NOTHING_IN_SCOPE: (
            "Of what was asked for, nothing is here. We did not look at other data."
        ),
        SystemOutcome.NOT_RELEVANT: "This right does not concern this system.",
        SystemOutcome.PENDING: "This system is still busy. Its data is not in this folder yet.",
        SystemOutcome.UNSUPPORTED: (
            "This system cannot give data by itself. A member of staff has to do it by hand."
        ),
        SystemOutcome.DONE_BY_HAND: (
            "A member of staff did this by hand. What they found is not in this folder."
        ),
        SystemOutcome.REFUSED: "This system did not give the data. It is missing here.",
        SystemOutcome.FAILED: "We could not get your data. It is missing here.",
        SystemOutcome.UNKNOWN: "We are not sure that we got everything. Data may be missing.",
    },
    narrowed=(
        "Please note: the request was narrowed. Do we have other data about you? This folder does\n"
        "not say."
    ),
    only_systems="We looked in these systems only: {systems}.",
    only_categories="We looked at these kinds of data only:\n{categories}",
    reason="Explanation: {reason}",
    unseen={
        WhyUnseen.OTHER_IDENTIFIER: (
            "{part}: we did not look here. To find you here we need one of these: {needs}."
        ),
        WhyUnseen.DAYS_UNKNOWN: (
            "{part}: we did not find all here. We do not know since when this is yours: {needs}."
        ),
        WhyUnseen.NO_INTERFACE: "{part}: we did not look here. A member of staff has to ask.",
    },
    files_gone=(
        "Recordings or other files that were no longer there when we wanted to copy them: {count}.\n"
        "    They are not in this folder."
    ),
    kept_until=(
        "{category} ({count}): after an earlier request we still keep this, up to and with {until}.\n"
        "    It is not in this folder."
    ),
    kept="{category} ({count}): after an earlier request we still keep this. It is not in this folder.",
    left_to_staff=(
        "{category} ({count}): after an earlier request a member of staff has yet to remove this.\n"
        "    It is not in this folder."
    ),
    asked="{part}: a member of staff asked here. What they found is not in this folder.",
    identifiers={
        IdentifierKind.PHONE: "your telephone number",
        IdentifierKind.EMAIL: "your e-mail address",
        IdentifierKind.CUSTOMER_ID: "your customer number",
        IdentifierKind.XELION_ID: "your number in Xelion",
        IdentifierKind.ICCID: "the number of your SIM card (ICCID)",
        IdentifierKind.IMSI: "the subscriber number of your SIM card (IMSI)",
        IdentifierKind.IP: "your IP address",
        IdentifierKind.NAME_ADDRESS: "your name and address",
    },
    categories={
        Category.CONTACT: "your name, address and other contact details",
        Category.FINANCIAL: "bills and payments",
        Category.COMMUNICATION_METADATA: "when and with whom you called or exchanged messages",
        Category.VOICEMAIL: "voicemail messages",
        Category.RECORDING: "recordings of calls",
        Category.REACH_CONFIGURATION: "how you can be reached, such as call forwarding",
        Category.CONTACTS: "your own address book",
        Category.CONNECTION_DATA: "data about your internet connection",
        Category.NETWORK_METADATA: "data about how the network was used",
        Category.DELIVERY_ADDRESS: "addresses where something was delivered",
        Category.CRM_DATA: "notes, and contact with customer service",
        Category.DIRECTORY_LISTING: "your listing in the telephone directory",
        Category.PROCESSOR_DATA: "data at companies that work for us",
    },
    products={
        Product.GENERAL: "general",
        Product.VOICE: "fixed telephony",
        Product.MOBILE: "mobile telephony",
        Product.WAN: "internet and network",
        Product.CLOUD: "cloud services",
        Product.WEBSHOP: "web shop",
        Product.CONTACT_CONNECT: "Contact Connect",
        Product.XELION: "Xelion",
        Product.DIRECTORY: "telephone directory",
    },
    page="""\
YOUR DATA

{controller} made this folder for you on {made}.
We received your request on {received}.
The reference of your request is {request}. Please mention it when you contact us.

{purpose}{narrowed}


WHICH SYSTEMS DID WE LOOK AT?

{systems}


WHAT IS IN THE FOLDERS?

Each system has its own folder.
The name of a file says what is in it: first the product, then the kind of data.

The products are:

{products}

The kinds of data are:

{categories}

Nearly everything is there twice:

- A file that ends in .csv is a table. You can open it with Excel or LibreOffice, for example.
- A file that ends in .json is for computers. Another company can read it in.
  It holds everything exactly as the system has it.

Recordings and other files are in the folder "files". They are called 0001, 0002, and so on.
The file manifest.json says what they were called in the system, and has a check number for
every file.

In the tables you sometimes see a ' before or in a text, for example '+31612345678.
We added that sign so that your program does not read the text as a sum.
It is not part of your data.


IS SOMETHING WRONG?

Then contact {controller} and mention your reference.
You may ask to have your data corrected or erased.

Do you disagree with us? Then you can complain to the Dutch data protection authority
(Autoriteit Persoonsgegevens):
{complaints}

Please note: this folder holds personal data. Keep it in a safe place.
""",
)

"""Invents ordinary people, each from the seed, a position and a day, and from nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from unicodedata import normalize

from avgate_contracts.vocabulary import Product
from avgate_mocks.people import numbering, wordlist
from avgate_mocks.people.person import Address, Line, Name, Period, Person, Volume

UPSTREAMS = ("operator", "xelion", "directory", "subprocessors")
LIBERVOICE, MISTER_VOIP = "libervoice", "mister-voip"
CONTROLLERS = (LIBERVOICE, MISTER_VOIP)

_LINES_EACH = 4  # serial numbers set aside for each person
_SOMETIMES = {
    Product.MOBILE: 0.6,
    Product.WAN: 0.4,
    Product.WEBSHOP: 0.3,
    Product.CONTACT_CONNECT: 0.2,
}
_MONTHS_SINCE_END = (2, 5, 8, 14, 20)
_LONG_GONE_MONTHS = 90  # past every term of the retention matrix
MONTH = timedelta(days=30.4375)


def invent(
    seed: int,
    position: int,
    as_of: date,
    *,
    name: Name | None = None,
    contract: Period | None = None,
) -> Person:
    """An ordinary person: known to every upstream, one or two lines, a contract or an ended one."""
    rng = Random(f"{seed}/{position}/person")
    gender, drawn = _name(rng)
    city = rng.choice(wordlist.CITIES)
    own_name = name or drawn
    products = _products(rng)
    period = contract or _contract(rng, position, as_of)
    return Person(
        id=f"p-{position:04d}",
        position=position,
        controller=_controller(position),
        customer_id=f"C-{100_000 + position}",
        name=own_name,
        gender=gender,
        address=_address(rng, city),
        emails=_emails(rng, own_name, position),
        lines=tuple(_lines(seed, position, city.area_code, products, period)),
        ip=numbering.address(position),
        iban=numbering.iban(seed * 1_000_000 + position),
        contract=period,
        products=products,
        xelion_id=str(1_650_000 + position * 7),
        known_to=frozenset(UPSTREAMS),
        volume=_volume(rng, products),
    )


def _controller(position: int) -> str:
    """A third is Mister VoIP's: from twelve people on exactly, wherever the count divides by three."""
    ours = position in range(9, 13) or (position > 12 and position % 3 == 0)
    return MISTER_VOIP if ours else LIBERVOICE


def _name(rng: Random) -> tuple[str, Name]:
    gender = rng.choice(("female", "male"))
    given = rng.choice(wordlist.FEMALE if gender == "female" else wordlist.MALE)
    prefix, family = rng.choice(wordlist.FAMILIES)
    return gender, Name(given, prefix, family)


def _address(rng: Random, city: wordlist.City) -> Address:
    letters = "".join(rng.choices(wordlist.POSTCODE_LETTERS, k=2))
    return Address(
        street=rng.choice(wordlist.STREETS),
        number=f"{rng.randint(1, 240)}{rng.choice(('', '', '', '-A', ' bis'))}",
        postcode=f"{city.postcodes + rng.randint(0, 40)} {letters}",
        city=city.name,
    )


def _emails(rng: Random, name: Name, position: int) -> tuple[str, ...]:
    local = ".".join(filter(None, (_ascii(name.given), _ascii(name.family), str(position))))
    domains = rng.sample(wordlist.DOMAINS, k=rng.choice((1, 1, 2)))
    return tuple(f"{local}@{domain}" for domain in domains)


def _ascii(text: str) -> str:
    plain = normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return "".join(filter(str.isalnum, plain))


def _products(rng: Random) -> frozenset[Product]:
    drawn = {product for product, share in _SOMETIMES.items() if rng.random() < share}
    return frozenset({Product.VOICE, *drawn})


def _contract(rng: Random, position: int, as_of: date) -> Period:
    ran = timedelta(days=rng.randint(900, 3000))
    ago = rng.choice(_MONTHS_SINCE_END)
    if position % 10 == 4:
        ago = _LONG_GONE_MONTHS
    elif position % 5 != 0:
        return Period(as_of - ran)
    end = as_of - ago * MONTH
    return Period(end - ran, end)


def _lines(
    seed: int, position: int, area_code: str, products: frozenset[Product], held: Period
) -> list[Line]:
    serial = position * _LINES_EACH
    extension = str(200 + position % 700)
    voice = numbering.fixed(area_code, seed, serial)
    lines = [Line(voice, Product.VOICE, held, extension)]
    if Product.MOBILE in products:
        lines.append(mobile_line(seed, position, held))
    return lines


def mobile_line(seed: int, position: int, held: Period, *, nth: int = 1) -> Line:
    """The nth number of a person (1 to 3), with its SIM card."""
    serial = position * _LINES_EACH + nth
    return Line(
        number=numbering.mobile(seed, serial),
        product=Product.MOBILE,
        held=held,
        extension=str(200 + position % 700),
        iccid=numbering.iccid(seed, serial),
        imsi=numbering.imsi(seed, serial),
    )


def _volume(rng: Random, products: frozenset[Product]) -> Volume:
    return Volume(
        calls=rng.randint(20, 120),
        sessions=rng.randint(10, 40) if Product.WAN in products else 0,
        voicemails=rng.randint(1, 4),
        recordings=rng.randint(1, 3),
        contacts=rng.randint(3, 12),
        xelion_calls=rng.randint(10, 60),
        xelion_voicemails=rng.randint(1, 3),
        xelion_recordings=rng.randint(1, 3),
        xelion_contacts=rng.randint(2, 8),
    )

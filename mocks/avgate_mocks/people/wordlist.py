"""The names and places that people are invented from."""

from __future__ import annotations

from dataclasses import dataclass

FEMALE = (
    "Anna", "Sanne", "Fleur", "Noor", "Esmée", "Lotte", "Maaike", "Femke",
    "Willemijn", "Renée", "Saskia", "Ilse", "Yara", "Merel", "Chloë", "Hanneke",
)  # fmt: skip
MALE = (
    "Jan", "Daan", "Sem", "Bram", "Thijs", "Joost", "Ruben", "Maarten",
    "Wouter", "André", "Sjoerd", "Koen", "Jürgen", "Pieter", "Bilal", "Casper",
)  # fmt: skip
FAMILIES = (
    ("de", "Vries"), ("", "Jansen"), ("van den", "Berg"), ("", "Bakker"), ("van", "Dijk"),
    ("", "Visser"), ("", "Smit"), ("de", "Boer"), ("", "Mulder"), ("de", "Groot"),
    ("", "Bos"), ("van der", "Meer"), ("", "Peters"), ("", "Hendriks"), ("van", "Leeuwen"),
    ("", "Dekker"), ("", "Brouwer"), ("de", "Wit"), ("", "Dijkstra"), ("", "Coenraets-Müller"),
    ("in 't", "Veld"), ("", "Kuipers"), ("ter", "Beek"), ("", "Özdemir"),
)  # fmt: skip
STREETS = (
    "Dorpsstraat", "Kerkstraat", "Molenweg", "Stationsplein", "Julianalaan", "Beukenhof",
    "Lange Voort", "Achterom", "Kanaaldijk", "Zonnebloemstraat", "Prins Hendrikkade", "Nieuwe Gracht",
)  # fmt: skip
DOMAINS = ("example.nl", "example.com", "example.org")  # RFC 2606, and its Dutch like


@dataclass(frozen=True, slots=True)
class City:
    name: str
    area_code: str  # without the leading zero
    postcodes: int  # the first four-digit postcode of the town


CITIES = (
    City("Amsterdam", "20", 1011),
    City("Rotterdam", "10", 3011),
    City("Utrecht", "30", 3511),
    City("'s-Gravenhage", "70", 2491),
    City("Eindhoven", "40", 5611),
    City("Groningen", "50", 9711),
    City("Arnhem", "26", 6811),
    City("Maastricht", "43", 6211),
    City("Zwolle", "38", 8011),
    City("Breda", "76", 4811),
)
POSTCODE_LETTERS = "ABCDEGHJKLMNPRTUVWXZ"  # S stays out: SA, SD and SS are never given out

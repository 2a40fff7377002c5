"""The letter to the person: what was asked, what was done, what stays, and what they can do.

Values in, bytes out. `content` decides what a letter says, from the record alone; `rendering` makes
a PDF of it. Nothing here knows a store or a clock.
"""

from avgate_gateway.letter.content import Content, written
from avgate_gateway.letter.facts import Facts, HandedOver, Recipient, System, Unlooked
from avgate_gateway.letter.section import Section, Table

__all__ = [
    "Content",
    "Facts",
    "HandedOver",
    "Recipient",
    "Section",
    "System",
    "Table",
    "Unlooked",
    "written",
]

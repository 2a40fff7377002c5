"""How long the law lets an item stay, and what therefore becomes of it when erasure is asked."""

from avgate_gateway.retention.decision import decide
from avgate_gateway.retention.description import describe
from avgate_gateway.retention.ground import Ground, GroundCode, PersonsGround
from avgate_gateway.retention.pack_file import PackError, load_pack, read_pack
from avgate_gateway.retention.rule import KeptWhile, Pack, Policy, Purpose, Rule, Source
from avgate_gateway.retention.term import AMSTERDAM, Term, local_day, months_later
from avgate_gateway.retention.verdict import Action, Verdict

__all__ = [
    "AMSTERDAM",
    "Action",
    "Ground",
    "GroundCode",
    "KeptWhile",
    "Pack",
    "PackError",
    "PersonsGround",
    "Policy",
    "Purpose",
    "Rule",
    "Source",
    "Term",
    "Verdict",
    "decide",
    "describe",
    "load_pack",
    "local_day",
    "months_later",
    "read_pack",
]

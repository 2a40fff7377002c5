"""Connectors that are wrong in one way each; importing this puts all of them on the list."""

from . import (
    claiming,
    customers,
    handing_on,
    manners,
    outcomes,
    overlooked,
    reading,
    rectifying,
    telling,
    unasked,
    writing,
)
from .registry import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "Mutant",
    "claiming",
    "customers",
    "handing_on",
    "manners",
    "outcomes",
    "overlooked",
    "reading",
    "rectifying",
    "telling",
    "unasked",
    "writing",
]

"""Connectors that are wrong in one way each; importing this puts all of them on the list."""

from . import claiming, manners, reading, rectifying, telling, writing
from .registry import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "Mutant",
    "claiming",
    "manners",
    "reading",
    "rectifying",
    "telling",
    "writing",
]

"""Operator: the core network's wholesale tool, in an openly declared analogue of its interface."""

from avgate_operator.client import OperatorSettings
from avgate_operator.connector import OperatorConnector

__all__ = ["OperatorConnector", "OperatorSettings"]

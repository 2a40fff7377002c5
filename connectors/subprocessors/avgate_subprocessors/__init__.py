"""Processors behind the service: their published lists, and requests passed on to them."""

from avgate_subprocessors.connector import SubprocessorsConnector

__all__ = ["SubprocessorsConnector"]

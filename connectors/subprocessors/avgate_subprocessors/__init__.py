"""Processors behind the service: their published lists, and requests passed on to them."""

from avgate_subprocessors.connector import SubprocessorsConnector
from avgate_subprocessors.models import SubprocessorsSettings

__all__ = ["SubprocessorsConnector", "SubprocessorsSettings"]

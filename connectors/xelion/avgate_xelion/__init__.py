"""Xelion: the address book and the call log of a hosted telephone exchange."""

from avgate_xelion.client import XelionSettings
from avgate_xelion.connector import XelionConnector

__all__ = ["XelionConnector", "XelionSettings"]

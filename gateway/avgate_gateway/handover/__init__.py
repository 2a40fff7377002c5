"""Hands sealed copies over to a successor: what is sealed, and the three ways it travels.

Nothing leaves here that is not age ciphertext, and nothing here knows a store or a request.
"""

from avgate_gateway.handover.delivery import DeliveryError, Receipt, Sealed, Way
from avgate_gateway.handover.opening import missing_library, way_to
from avgate_gateway.handover.spool import Spool
from avgate_gateway.handover.waiting import GIVES_UP_AFTER, wait_after

__all__ = [
    "GIVES_UP_AFTER",
    "DeliveryError",
    "Receipt",
    "Sealed",
    "Spool",
    "Way",
    "missing_library",
    "wait_after",
    "way_to",
]

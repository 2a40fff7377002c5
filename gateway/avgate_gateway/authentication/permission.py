"""Which scope each operation asks of a client."""

from __future__ import annotations

from collections.abc import Mapping

from avgate_contracts.vocabulary import Operation
from avgate_gateway.authentication.scope import Scope

OF_OPERATION: Mapping[Operation, Scope] = {
    Operation.ACCESS: Scope.ACCESS,
    Operation.RECTIFY: Scope.RECTIFY,
    Operation.ERASE: Scope.ERASE,
    Operation.EXPORT: Scope.EXPORT,
    # Recorded and answered without touching any upstream, so the mildest right will do.
    Operation.RESTRICT: Scope.ACCESS,
    Operation.OBJECT: Scope.ACCESS,
}
"""What it takes to submit a request, and to decide about it."""

"""Which scope each operation asks of a client, and how the description tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

# OpenAPI can only name scopes that hold for every call of a route.
ASKS_FOR_ITS_OPERATION: dict[str, Any] = {"x-avgate-scope": "of the operation"}
"""Put beside the scopes of a route that asks, besides, for the one of the request's operation."""

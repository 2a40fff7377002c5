"""To a bucket of S3, or of a store that speaks its protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import ObjectStore, S3Store

from avgate_contracts.destination import Destinations, literal, origin_of
from avgate_contracts.http.road import resolve
from avgate_gateway.handover.delivery import DeliveryError, Receipt, Sealed
from avgate_gateway.settings.destination import S3Destination

_PART = 8 * 1024 * 1024  # bytes: up to 80 GB in the 10,000 parts that S3 allows
_AT_ONCE = 2


def store_of(own: S3Destination) -> ObjectStore:
    """The bucket, with what the settings say and nothing that the machine knows."""
    return S3Store(
        own.bucket,
        endpoint=own.endpoint,
        region=own.region,
        access_key_id=own.access_key_id,
        secret_access_key=own.secret_access_key.get_secret_value(),
        virtual_hosted_style_request=False,
        client_options={"allow_http": own.endpoint.startswith("http://"), "timeout": "10m"},
    )


@dataclass(frozen=True, slots=True)
class S3:
    """One object, which appears when it is whole; a key that exists is the same file."""

    settings: S3Destination
    open_store: Callable[[S3Destination], ObjectStore] = store_of

    async def deliver(self, sealed: Sealed, name: str) -> Receipt:
        key = f"{self.settings.folder}/{name}" if self.settings.folder else name
        await self._may_be_called()
        try:
            store = self.open_store(self.settings)
            found = await _found(store, key, sealed.size)
            if found is None:
                put = await obstore.put_async(
                    store, key, sealed.pieces(), chunk_size=_PART, max_concurrency=_AT_ONCE
                )
                found = put["e_tag"] or ""
        except (PermissionDeniedError, UnauthenticatedError):
            failed = DeliveryError("credentials", "the store does not accept the credentials")
        except FileNotFoundError:
            failed = DeliveryError("misconfigured", "there is no such bucket")
        except (BaseError, OSError, ValueError) as error:
            failed = DeliveryError("unavailable", f"the store said: {type(error).__name__}")
        else:
            return Receipt(name, found)
        raise failed

    async def _may_be_called(self) -> None:
        """Looks where the name leads: the library makes its connections by itself."""
        own = self.settings
        origin = origin_of(own.endpoint)
        if origin is None:
            raise DeliveryError("misconfigured", "the endpoint is no address")
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        destinations = Destinations.of([host], own.private_networks)
        try:
            written = literal(origin.host)
            texts = [str(written)] if written else await resolve(origin.host, origin.port)
            why = destinations.why_not_to(origin, [ip_address(text) for text in texts])
        except OSError as error:
            told = f"the name of the store leads nowhere: {type(error).__name__}"
            raise DeliveryError("unavailable", told) from None
        if why is not None:
            raise DeliveryError("misconfigured", f"the store was not called: {why}")


async def _found(store: ObjectStore, key: str, size: int) -> str | None:
    """The ETag of the object, if it is there in its whole length."""
    try:
        meta = await obstore.head_async(store, key)
    except FileNotFoundError:
        return None
    return (meta["e_tag"] or "") if meta["size"] == size else None

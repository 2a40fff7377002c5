"""The register of processors, as far as published lists changed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from avgate_contracts.vocabulary import Product
from avgate_gateway.register import RegisterEntry, Role
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.schema import processor, published_list


async def entries(db: Connection, controller: str) -> Sequence[RegisterEntry]:
    """What published lists add for a controller, those that are named no more included."""
    query = processor.select().where(processor.c.controller == controller)
    rows = await db.execute(query.order_by(processor.c.provider, processor.c.name))
    return [
        RegisterEntry(
            controller=row["controller"],
            name=row["name"],
            provider=row["provider"],
            role=Role(row["entry"]["role"]),
            product_group=Product(row["entry"]["product_group"]),
            products=tuple(row["entry"]["products"]),
            source=row["entry"]["source"],
            country=row["entry"]["country"],
            purpose=row["entry"]["purpose"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
        )
        for row in rows.mappings()
    ]


async def put(db: Connection, entry: RegisterEntry) -> None:
    """Writes a line of the register, in the place of what it said before.

    `first_seen` is part of what a line is, so that one which comes back stands beside its past.
    """
    at = (
        processor.c.controller == entry.controller,
        processor.c.provider == entry.provider,
        processor.c.name == entry.name,
        processor.c.first_seen == entry.first_seen,
    )
    await db.execute(processor.delete().where(*at))
    await db.execute(
        processor.insert().values(
            controller=entry.controller,
            provider=entry.provider,
            name=entry.name,
            first_seen=entry.first_seen,
            last_seen=entry.last_seen,
            entry={
                "role": entry.role.value,
                "product_group": entry.product_group.value,
                "products": list(entry.products),
                "source": entry.source,
                "country": entry.country,
                "purpose": entry.purpose,
            },
        )
    )


async def etags(db: Connection, controller: str) -> Mapping[str, str]:
    """The tag of each provider's list as it was fetched last."""
    query = sa.select(published_list.c.provider, published_list.c.etag).where(
        published_list.c.controller == controller, published_list.c.etag.isnot(None)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def fetched(
    db: Connection, controller: str, provider: str, etag: str | None, now: datetime
) -> None:
    at = (published_list.c.controller == controller, published_list.c.provider == provider)
    await db.execute(published_list.delete().where(*at))
    await db.execute(
        published_list.insert().values(
            controller=controller, provider=provider, etag=etag, fetched_at=now
        )
    )

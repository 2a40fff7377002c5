"""The tables of what is sent to others: deliveries, what became of each attempt, and endpoints."""

from __future__ import annotations

import sqlalchemy as sa

from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import BigId, metadata

__all__ = ["NOT_THERE", "WAITS", "attempt", "delivery", "endpoint", "metadata"]

delivery = sa.Table(
    "webhook_delivery",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),  # what the receiver tells repeats by
    sa.Column("controller", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # which form it is sent in
    sa.Column("endpoint", sa.String(300), nullable=False),
    sa.Column("request_id", sa.String(36)),
    sa.Column("event", sa.String(60), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # ids and words, never a person's data
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("next_at", Moment),  # while one sends it, until when it is theirs
    sa.Column("claim", sa.String(36)),  # of whoever sends it
    sa.Column("attempts", sa.Integer, nullable=False),  # in all
    sa.Column("tries", sa.Integer, nullable=False),  # since it was last set going
    sa.Index(None, "controller", "made_at", "id"),
    sa.Index(None, "controller", "endpoint", "made_at", "id"),
    sa.Index(None, "request_id"),
)
WAITS = delivery.c.state == sa.literal_column("'waiting'")  # as its index says it, to the letter
NOT_THERE = delivery.c.state != sa.literal_column("'delivered'")  # likewise
sa.Index(
    "ix_webhook_delivery_waiting",
    delivery.c.controller,
    delivery.c.endpoint,
    delivery.c.next_at,
    sqlite_where=WAITS,
    postgresql_where=WAITS,
)
sa.Index(
    "ix_webhook_delivery_not_there",
    delivery.c.controller,
    delivery.c.state,
    delivery.c.made_at,
    delivery.c.id,
    sqlite_where=NOT_THERE,
    postgresql_where=NOT_THERE,
)

attempt = sa.Table(
    "webhook_attempt",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("delivery_id", sa.String(36), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("status", sa.Integer),  # NULL where there was no answer
    sa.Column("word", sa.String(20), nullable=False),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Index(None, "delivery_id", "number"),
)

endpoint = sa.Table(
    "webhook_endpoint",
    metadata,
    sa.Column("controller", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(300), primary_key=True),
    sa.Column("failing_since", Moment),
    sa.Column("paused_until", Moment),  # as the receiver asked
    sa.Column("disabled_at", Moment),
    sa.Column("reason", sa.String(20)),
)

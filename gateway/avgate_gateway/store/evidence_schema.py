"""The tables of the evidence: the chain, its checkpoints, and the roots of complete runs of it."""

from __future__ import annotations

import sqlalchemy as sa

from avgate_gateway.store.moment import Moment
from avgate_gateway.store.schema import BigId, metadata

__all__ = ["checkpoint", "evidence", "evidence_tile", "metadata"]

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("sequence", BigId, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("controller", sa.String(40), nullable=False),
    sa.Column("request_id", sa.String(36)),
    sa.Column("event", sa.String(60), nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("code", sa.LargeBinary),  # under a key that the database does not hold
    sa.Index(None, "request_id", "sequence"),
    sa.Index(None, "controller", "sequence"),
)

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("size", BigId, primary_key=True, autoincrement=False),  # entries of evidence
    sa.Column("at", Moment, nullable=False),
    sa.Column("note", sa.Text, nullable=False),  # signed
)

evidence_tile = sa.Table(  # the roots of complete runs of leaves
    "evidence_tile",
    metadata,
    sa.Column("number", BigId, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
)

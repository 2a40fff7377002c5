"""The tables. What is about a data subject stands only in the `*_box` columns, encrypted.

Names of staff, who verified, approved or completed something, stand in the clear: they answer for it.
What upstreams make up, such as a job or a code, is Text: PostgreSQL refuses what is wider than told.
"""

from __future__ import annotations

import sqlalchemy as sa

from avgate_gateway.store.moment import Moment

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

request = sa.Table(
    "request",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("controller", sa.String(40), nullable=False),
    sa.Column("client_id", sa.String(200), nullable=False),
    sa.Column("operation", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("waiting_for", sa.String(16)),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("promised", sa.Date, nullable=False),
    sa.Column("legal", sa.Date, nullable=False),
    sa.Column("extended", sa.Date),
    sa.Column("reference", sa.String(40), nullable=False),
    sa.Column("identifier_kinds", sa.String(200), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("scope", sa.JSON, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("identity_method", sa.String(100)),
    sa.Column("identity_by", sa.String(200)),
    sa.Column("identity_at", Moment),
    sa.Column("plan_digest", sa.String(64)),
    sa.Column("plan_valid_until", Moment),
    sa.Column("approved_by", sa.String(200)),
    sa.Column("approved_at", Moment),
    sa.Column("approved_digest", sa.String(64)),
    sa.Column("closing", sa.String(200)),
    sa.Column("closed_at", Moment),
    sa.Column("wake_at", Moment),
    sa.Column("held_by", sa.String(48)),  # the worker that advances it; on PostgreSQL only
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),  # counts its claims
    sa.Column("subject_key", sa.LargeBinary),  # wrapped; NULL once destroyed
    sa.Column("retention_key", sa.LargeBinary),  # wrapped; NULL once the last kept item is gone
    sa.Column("confidential_box", sa.LargeBinary),
    sa.Column("plan_box", sa.LargeBinary),  # what was shown to whoever approves
    sa.Column("decisions_box", sa.LargeBinary),  # of identity and plans, under the retention key
    sa.Column("begins_at", Moment),  # what was approved
    sa.Column("submitter", sa.String(64)),  # keyed digest of the token's subject
    sa.Column("callback_host", sa.String(280)),  # of the settings' own list; where it is called
    sa.Column("callback_box", sa.LargeBinary),  # the whole address
    sa.Column("submitted_at", Moment),  # when the data subject asked, if that is told
    # Each list walks one of these, newest first, and ends with its page.
    sa.Index(None, "controller", "received_at", "id"),
    sa.Index(None, "controller", "promised", "received_at"),  # where the walk begins
    sa.Index(None, "controller", "operation", "received_at", "id"),
    sa.Index(None, "controller", "reference", "received_at", "id"),
    sa.Index(None, "controller", "wake_at"),
    sa.Index(None, "wake_at"),
)
OPEN = request.c.state != sa.literal_column("'closed'")  # as its index says it, to the letter
sa.Index(
    "ix_request_open",
    request.c.controller,
    request.c.state,
    request.c.received_at,
    request.c.id,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.String(48), primary_key=True),  # executor and registration: <uuid>.<n>
    sa.Column("name", sa.String(200), nullable=False),  # machine and process, for whoever looks
    sa.Column("protocol", sa.String(20), nullable=False),
    sa.Column("release", sa.String(40), nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("beat_at", Moment, nullable=False),  # by the database's own clock
)

task = sa.Table(
    "task",
    metadata,
    sa.Column("request_id", sa.String(36), primary_key=True),
    sa.Column("connector", sa.String(40), primary_key=True),
    sa.Column("controller", sa.String(40), nullable=False),  # the request's, to list by connector
    sa.Column("received_at", Moment, nullable=False),  # the request's, likewise
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("resume", sa.String(16)),  # the stage it got stuck in
    sa.Column("next_attempt_at", Moment),
    sa.Column("code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("quarantined", sa.Integer, nullable=False),
    sa.Column("tally", sa.JSON, nullable=False),  # what a copy holds: count by category and product
    sa.Column("columns", sa.JSON),  # of the first releases, which did not seal it
    sa.Column("looked_with", sa.String(64)),  # digest of the identifiers that were looked by
    sa.Column("unseen", sa.JSON),  # parts of the upstream that could not be looked into
    sa.Column("left_earlier", sa.JSON),  # what an earlier erasure left, and no look finds
    sa.Column("learned_box", sa.LargeBinary),  # identifiers that this upstream knows the subject by
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("columns_box", sa.LargeBinary),  # the names of the fields: a person's data, to some
    sa.Column("said_two", sa.Boolean),  # that two people fit, when it was looked at last
    sa.Index(None, "controller", "connector", "received_at", "request_id"),
)
STUCK = task.c.stage == sa.literal_column("'stuck'")  # as its index says it, to the letter
_OF_STUCK = (task.c.controller, task.c.received_at, task.c.request_id, task.c.connector)
sa.Index("ix_task_stuck", *_OF_STUCK, sqlite_where=STUCK, postgresql_where=STUCK)

item = sa.Table(
    "item",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(36), nullable=False),
    sa.Column("connector", sa.String(40), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # blind index of the connector's ref
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("product", sa.String(40), nullable=False),
    sa.Column("term_starts", Moment),
    sa.Column("service_runs", sa.Boolean, nullable=False),
    sa.Column("erasure", sa.String(16), nullable=False),
    sa.Column("upstream_version", sa.Text),
    sa.Column("action", sa.String(16)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("batch", sa.String(36)),
    sa.Column("ground", sa.String(60)),
    sa.Column("until", sa.Date),
    sa.Column("effective_from", sa.Date),
    sa.Column("code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("job", sa.Text),
    sa.Column("look_at", Moment),  # when to confirm, to erase what was kept, or to look again
    sa.Column("looks", sa.Integer, nullable=False),  # how often it was looked at in this state
    sa.Column("tries", sa.Integer, nullable=False),  # which attempt this is; part of the key
    sa.Column("ref_box", sa.LargeBinary),  # NULL once the item is gone for good
    sa.Column("changes_box", sa.LargeBinary),
    sa.Column("warrant", sa.LargeBinary),  # the plan that it is part of, and a code over its facts
    sa.UniqueConstraint("request_id", "connector", "digest"),
    sa.Index(None, "request_id", "connector", "state"),
)
sa.Index(  # of those that are looked at again, in that order
    "ix_item_look",
    item.c.request_id,
    item.c.connector,
    item.c.look_at,
    item.c.id,
    sqlite_where=item.c.look_at.isnot(None),
    postgresql_where=item.c.look_at.isnot(None),
)

hand_task = sa.Table(
    "hand_task",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("controller", sa.String(40), nullable=False),
    sa.Column("request_id", sa.String(36), nullable=False),
    sa.Column("connector", sa.String(40), nullable=False),
    sa.Column("category", sa.String(40)),
    sa.Column("product", sa.String(40)),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("completed_at", Moment),
    sa.Column("completed_by", sa.String(200)),
    sa.Column("kept_ground", sa.String(40)),
    sa.Column("kept_until", sa.Date),
    sa.Index(None, "controller", "completed_at", "made_at"),
    sa.Index(None, "request_id"),
)

lead = sa.Table(
    "lead",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),  # blind index of an identifier
    sa.Column("request_id", sa.String(36), primary_key=True),
    sa.Column("is_customer", sa.Boolean, nullable=False),  # of a customer id: one person has one
    sa.Index(None, "request_id"),
)

known_by = sa.Table(  # for staff who search; gone with the subject's key
    "known_by",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),  # blind index of an identifier
    sa.Column("request_id", sa.String(36), primary_key=True),
    sa.Index(None, "request_id"),
)

remark = sa.Table(
    "remark",
    metadata,
    sa.Column("request_id", sa.String(36), primary_key=True),
    sa.Column("place", sa.String(80), primary_key=True),  # what of the request it explains
    sa.Column("box", sa.LargeBinary, nullable=False),
)

copy_part = sa.Table(
    "copy_part",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(36), nullable=False),
    sa.Column("connector", sa.String(40), nullable=False),
    sa.Column("category", sa.String(40), nullable=False),
    sa.Column("product", sa.String(40), nullable=False),
    sa.Column("file", sa.Integer),  # number of the file within the connector; NULL for records
    sa.Column("name_box", sa.LargeBinary),
    sa.Column("media_type", sa.Text),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("box", sa.LargeBinary, nullable=False),
    sa.Column("table_box", sa.LargeBinary),  # the same records as rows of a table
    sa.Column("table_columns", sa.Integer),  # of how many columns; later ones may have more
    sa.Index(None, "request_id", "connector", "category", "product", "file", "id"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("scope", sa.String(64), primary_key=True),  # blind index of controller, client, key
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Index(None, "made_at"),
)

processor = sa.Table(
    "processor",
    metadata,
    sa.Column("controller", sa.String(40), primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("first_seen", Moment, primary_key=True),
    sa.Column("last_seen", Moment),
    sa.Column("entry", sa.JSON, nullable=False),
)

published_list = sa.Table(
    "published_list",
    metadata,
    sa.Column("controller", sa.String(40), primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("etag", sa.Text),
    sa.Column("fetched_at", Moment, nullable=False),
)

callback = sa.Table(
    "callback",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),  # of the token; the token itself is gone
    sa.Column("request_id", sa.String(36), nullable=False),
    sa.Column("connector", sa.String(40), nullable=False),
    sa.Column("made_at", Moment, nullable=False),
)

rate = sa.Table(
    "rate",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),  # a digest of who is counted, and for what
    sa.Column("until", sa.BigInteger, nullable=False),  # as Moment, by the clock of the database
    sa.Column("spent", sa.BigInteger, nullable=False),
    sa.Column("given", sa.BigInteger, nullable=False),  # the last time
)

# Of which one statement may touch thousands of rows; what does must not keep others waiting.
OF_MANY_ROWS = frozenset({item, copy_part})

"""How PostgreSQL itself links an entry to the chain of evidence: while it commits.

Whoever lengthens the chain has its end to themselves until the commit is on disk. Were it taken by a
statement of ours, everybody would wait for our next statement too, which comes when a busy process
gets round to it: some fifty entries a second were all there could be, however many worked. So an entry
is put down as a draft, and a trigger that is deferred to the commit numbers, digests and keeps it.
"""

from __future__ import annotations

import sqlalchemy as sa

from avgate_gateway.store.moment import Moment

draft = sa.Table(
    "evidence_draft",
    sa.MetaData(),  # on PostgreSQL only, and empty outside of transactions
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("controller", sa.String(40), nullable=False),
    sa.Column("request_id", sa.String(36)),
    sa.Column("event", sa.String(60), nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),  # what is digested between number and previous
    sa.Column("code", sa.LargeBinary),
)

MAKE = (
    """
    CREATE UNLOGGED TABLE evidence_draft (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at BIGINT NOT NULL,
        controller VARCHAR(40) NOT NULL, request_id VARCHAR(36), event VARCHAR(60) NOT NULL,
        details TEXT NOT NULL, content TEXT NOT NULL
    )
    """,
    """
    CREATE FUNCTION evidence_link() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        number BIGINT;
        before TEXT;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('evidence', 0));
        SELECT sequence + 1, digest INTO number, before
            FROM evidence ORDER BY sequence DESC LIMIT 1;
        IF NOT FOUND THEN
            number = 1;
            before = repeat('0', 64);
        END IF;
        INSERT INTO evidence
            (sequence, at, controller, request_id, event, details, previous, digest)
            VALUES (number, NEW.at, NEW.controller, NEW.request_id, NEW.event, NEW.details, before,
                encode(sha256(convert_to(
                    '[' || number || ',' || NEW.content || ',"' || before || '"]', 'UTF8'
                )), 'hex'));
        DELETE FROM evidence_draft WHERE id = NEW.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER evidence_link AFTER INSERT ON evidence_draft
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION evidence_link()
    """,
)

# An entry has a code too, which is made where its key is: not here.
_ADD_CODE = (
    "ALTER TABLE evidence_draft ADD COLUMN code BYTEA",
    MAKE[1]
    .replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    .replace("previous, digest)", "previous, digest, code)")
    .replace("'hex'));", "'hex'), NEW.code);"),
)


def make(connection: sa.Connection) -> None:
    """Makes the draft's table and its trigger where the database is PostgreSQL."""
    if connection.dialect.name == "postgresql":
        for statement in MAKE:
            connection.exec_driver_sql(statement)


def add_code(connection: sa.Connection) -> None:
    """Has the trigger keep codes, in a database that was made before there were any."""
    if connection.dialect.name == "postgresql":
        for statement in _ADD_CODE:
            connection.exec_driver_sql(statement)

"""Where Alembic learns of our tables; run by it, never imported."""

from alembic import context

from avgate_gateway.store.evidence_schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()

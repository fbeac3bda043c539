"""Alembic's entry: migrates on the connection that `cityops.schema` opened, locked and will commit."""

from alembic import context

from cityops import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata(),
    render_as_batch=True,
    transactional_ddl=True,
    compare_server_default=True,
    render_item=context.config.attributes.get("render_item"),
)
with context.begin_transaction():
    context.run_migrations()

"""The accounts' tasks: each opens its own doors and may run twice."""

from cityops.accounts import idempotency
from cityops.workshop import Workshop


def forget_idempotency_keys(workshop: Workshop) -> None:
    """Delete stored answers to repeated requests after thirty days."""
    with workshop.transaction() as session:
        idempotency.forget_old(session)

"""The audit list: who did or looked at what, beside the cases' own history. Entries are only ever added."""

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import AuditAction, AuditEntry


def record(
    session: Session,
    person_id: int | None,
    action: AuditAction,
    subject: str = "",
    *,
    address: str | None = None,
    is_success: bool = True,
) -> None:
    """Add an entry in the caller's transaction.

    Args:
        person_id: who did it; None for the command line and for nobody known.
        subject: what it was done to, as a name or number people know; no personal data.
        address: the network address it came from, where there is one.
    """
    session.add(
        AuditEntry(
            at=clock.now(),
            person_id=person_id,
            action=action,
            subject=subject[:100],
            address=address,
            is_success=is_success,
        )
    )

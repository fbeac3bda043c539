"""What the racing processes run: kept apart from the tests, because each process imports it anew."""

from cityops.accounts import passwords
from cityops.accounts.signing_in import sign_in
from cityops.db import Database
from cityops.errors import NotAllowed


def guess(url: str, barrier) -> None:
    """Guess a wrong password; all have checked the hash when the counting begins, so that it happens at one moment."""
    slow = passwords.is_right

    def check_and_wait(kept, password):
        answer = slow(kept, password)
        barrier.wait(60)
        return answer

    passwords.is_right = check_and_wait
    try:
        sign_in(Database(url), "operator", "wrong")
    except NotAllowed:
        return
    raise AssertionError("a wrong password came in")

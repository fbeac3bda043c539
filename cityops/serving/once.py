"""What the tree's own processes share: the shape of their log, and how they end: with a sentence where there is one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cityops.errors import CityopsError

# Said to the worker of the tree with the embedded Redis: at its start no other worker has a job in hand.
TAKE_UP = "--take-up"
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


@contextmanager
def exits_in_words() -> Iterator[None]:
    """Turn an error that a person can do something about into one sentence on stderr and exit code 1."""
    try:
        yield
    except CityopsError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)

"""`make bench`: every measurement, or those named as arguments; JSON on stdout, words on stderr."""

import json
import os
import platform
import sys
import time
from typing import Any

from benchmarks import audit, lives, locate, sweep, tiles, worktime

ALL = {"worktime": worktime, "locate": locate, "tiles": tiles, "clocks": sweep, "audit": audit, "lives": lives}


def main(names: list[str]) -> int:
    """Run the named measurements one after another."""
    unknown = set(names) - set(ALL)
    if unknown:
        print(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    told: dict[str, Any] = {"machine": {"cpus": os.cpu_count(), "python": platform.python_version()}}
    for name in names or list(ALL):
        begun = time.perf_counter()
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        told[name] = ALL[name].run()
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    print(json.dumps(told, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

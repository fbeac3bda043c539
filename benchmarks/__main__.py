"""`make bench`: every measurement, or those that are named (`ONLY=life,clocks`); JSON on stdout, words on stderr."""

import argparse
import json
import os
import platform
import sys
import time
from typing import Any

from benchmarks import address, audit, census, lives, locate, nearest, sweep, tiles, worktime

ALL = {
    "worktime": worktime,
    "locate": locate,
    "census": census,
    "nearest": nearest,
    "address": address,
    "tiles": tiles,
    "clocks": sweep,
    "audit": audit,
    "life": lives,
}


def main(arguments: list[str]) -> int:
    """Run the named measurements one after another."""
    read = argparse.ArgumentParser(prog="make bench")
    read.add_argument("names", nargs="?", default=",".join(ALL), help=f"measurements, with commas: {', '.join(ALL)}")
    read.add_argument("--cases", type=int, default=lives.MANY, help="how many cases a life is measured among")
    given = read.parse_args(arguments)
    names = given.names.split(",")
    unknown = set(names) - set(ALL)
    if unknown:
        print(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    told: dict[str, Any] = {"machine": {"cpus": os.cpu_count(), "python": platform.python_version()}}
    for name in names:
        begun = time.perf_counter()
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        told[name] = lives.run(given.cases) if name == "life" else ALL[name].run()
        print(f"{name}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    print(json.dumps(told, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

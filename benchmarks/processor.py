"""Processor time of programs, from Linux's /proc: on a machine that others use too, a clock on the wall says less."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pid: int) -> float:
    """User and system time of a process and its children, of the living and of those it has waited for."""
    return sum(_own(child, with_waited=child == pid) for child in (pid, *_children(pid)))


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in listed.split()]


def _own(pid: int, *, with_waited: bool) -> float:
    try:
        # The name in brackets may hold spaces; what follows it does not.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11 : 15 if with_waited else 13]) / _TICKS

"""Measure whole processes in rotating order; shared by `bench/startup`, `bench/xml` and `bench/scale`.

Every command runs once per round, in a rotating order, so that a busy moment of the machine affects all of them.
The output is the ratio within a round: its median over all rounds, and the quartiles.
"""

from __future__ import annotations

import atexit
import math
import operator
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import NamedTuple

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
NAME = f"bench/{os.path.basename(sys.argv[0])}"

Times = dict[str, list[float]]
LEAST = 3
"""Rounds, however long they take."""


class Run(NamedTuple):
    """A command line, and the file for its standard input."""

    argv: list[str]
    stdin: str = os.devnull


class Limit(NamedTuple):
    """`who` may take at most `most` times as long as `times` runs of `beside`."""

    who: str
    beside: str
    most: float
    times: int = 1


def ours(tool: str, *words: str) -> list[str]:
    """Return the command line of one of our commands, in this interpreter."""
    return [sys.executable, os.path.join(TOP, "bin", tool), *words]


def theirs(tool: str, *words: str) -> list[str]:
    """Return the command line of the virt-* tool that one of our commands is compared with."""
    peer = shutil.which(tool, path="/usr/bin:/usr/local/bin")
    if peer is None:
        sys.exit(f"{NAME}: {tool} is not installed, and there is nothing to compare with")
    return [peer, *words]


def environment(home: str) -> dict[str, str]:
    """Return a fixed environment; caches are in `home` and are warm after the first run."""
    return {"HOME": home, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": f"{home}/cache"}


def once(run: Run, env: dict[str, str]) -> float:
    """Run a command and return its run time in seconds; if the command fails, end the benchmark."""
    with open(run.stdin, "rb") as stream:
        begun = time.perf_counter()
        done = subprocess.run(run.argv, env=env, stdin=stream, capture_output=True, check=False)
        took = time.perf_counter() - begun
    if done.returncode:
        sys.exit(f"{NAME}: {' '.join(run.argv)} failed:\n{done.stderr.decode(errors='replace')}")
    return took


def take_priority() -> bool:
    """Ask the system to run this process and its commands before all others, as root can; return whether it does.

    Otherwise a busy machine slows a command of several processes less than one of several threads, as Linux divides
    the time among sessions, and then among processors.
    """
    group = "/proc/self/autogroup"
    try:
        os.nice(-20)
        with open(group, encoding="ascii") as file:
            before = file.read().rpartition(" ")[2].strip()
        with open(group, "w", encoding="ascii") as file:
            file.write("-20")
    except PermissionError:
        return False
    except FileNotFoundError:  # this kernel does not group by session
        return True

    def restore() -> None:
        with open(group, "w", encoding="ascii") as file:
            file.write(before)

    atexit.register(restore)
    return True


def measure(contenders: Mapping[str, Run], rounds: int, env: dict[str, str], seconds: float = math.inf) -> Times:
    """Run every command `rounds` times in rotating order, after one run each that is not counted.

    No round begins after so many `seconds`, except for the first LEAST.
    """
    one_round(contenders, -1, env)
    ends, found = time.monotonic() + seconds, []
    for turn in range(rounds):
        if turn < LEAST or time.monotonic() < ends:
            found.append(one_round(contenders, turn, env))
    return {name: [taken[name] for taken in found] for name in contenders}


def one_round(contenders: Mapping[str, Run], turn: int, env: dict[str, str]) -> dict[str, float]:
    """Run every command once, starting with a different one each turn. Return the seconds that each took."""
    runs = list(contenders.items())
    shift = turn % len(runs)
    return {name: once(run, env) for name, run in runs[shift:] + runs[:shift]}


def ratio(times: Times, who: str, beside: str) -> tuple[float, float, float]:
    """Return the median and the quartiles of the time of `who` divided by that of `beside`, per round."""
    low, middle, high = statistics.quantiles(map(operator.truediv, times[who], times[beside]), n=4)
    return middle, low, high


def show(times: Times, beside: str) -> None:
    """Print the times of all commands as multiples of the time of one of them."""
    print(f"{len(times[beside])} rounds in turns; times that of {beside} in the same round, median (quartiles)")
    for name in times:
        print("  {:56} {:6.2f} ({:.2f} - {:.2f})".format(name, *ratio(times, name, beside)))


def judge(times: Times, limits: tuple[Limit, ...]) -> bool:
    """Print the verdicts; return whether every limit is kept."""
    print("limits: times that of the other in the same round, median (quartiles)")
    kept = True
    for limit in limits:
        middle, low, high = (value / limit.times for value in ratio(times, limit.who, limit.beside))
        beside = limit.beside.split(":")[0]
        text = f"{limit.who} / {f'{limit.times} times ' if limit.times > 1 else ''}{beside}"
        kept = verdict(text, f"{middle:6.3f} ({low:.3f} - {high:.3f})", middle, limit.most) and kept
    return kept


def verdict(text: str, shown: str, value: float, most: float) -> bool:
    """Print one verdict; return whether the limit is kept."""
    good = value <= most
    print(f"  {text:56} {shown}  at most {most}: {'kept' if good else 'MISSED'}")
    return good

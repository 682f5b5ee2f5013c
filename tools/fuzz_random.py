"""Random variations of the kept inputs, for `tools/fuzz.py`: for a time or a number, the same ones for the same seed.

Each target runs in a process of its own. One that crashes, or takes HANG seconds for one input, is a finding as well:
the input that it worked on is read from a file. A finding is made smaller and saved, and the command that adds it to
the kept inputs is printed.
"""

from __future__ import annotations

import base64
import faulthandler
import os
import random
import resource
import select
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
HANG = 120
"""Seconds on the wall for one input. A machine that does much else is slow, so it is far more than any input takes."""
LOOK_AGAIN = 1
LONGEST = 30.0
"""Seconds of CPU time for one input."""
LARGEST = 1 << 30
"""Bytes of memory by which one input lets the process grow."""
POOL = 200
SHRINKS = 200
SHRINK_SECONDS = 20
FOUND, BROKEN = 3, 4
"""Exit codes of a target's process: findings; a fault of this tool."""
STATUSES = (0, 1, 2, 3, 10)
"""What a command may end with; 10 is `--verify` with a difference."""


class Target(NamedTuple):
    """What is run: `run` gives the exit code of an input, `surroundings` is entered once around all runs."""

    name: str
    run: Callable[[bytes], int]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Callable[[bytes, random.Random], bytes]
    surroundings: Callable[[], AbstractContextManager[object]]


def fuzz(targets: Sequence[Target], seed: str, seconds: float, count: int, folder: str) -> int:
    """Return how many of the targets have findings, which are saved in `folder`.

    Each target is tried for its share of `seconds`, or `count` times if that is not 0.
    """
    os.makedirs(folder, exist_ok=True)
    failed, end = 0, time.monotonic() + seconds
    for place, target in enumerate(targets):
        share = max(end - time.monotonic(), 0) / (len(targets) - place)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os._exit(_alone(target, seed, share, count, folder))
        code = _wait(child, running_file(folder, target.name))
        if code not in (0, FOUND):
            _report_death(target.name, code, folder)
        failed += code != 0
    return failed


def _wait(child: int, running: str) -> int:
    """Return the exit code of a process, or -SIGABRT after ending it because its input has not changed for too long."""
    begun = time.time()
    with open(os.pidfd_open(child), "rb") as ended:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        while not poll.poll(LOOK_AGAIN * 1000):
            if time.time() - max(_changed(running), begun) > HANG:
                os.kill(child, signal.SIGABRT)
                if not poll.poll(LOOK_AGAIN * 10_000):
                    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _changed(path: str) -> float:
    """Return when a file was changed; 0 if there is none: the process removes it in the end."""
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return 0


def _alone(target: Target, seed: str, seconds: float, count: int, folder: str) -> int:
    """Try one target in this process; return the exit code for it."""
    faulthandler.enable(sys.__stderr__ or 2)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (LARGEST * 4, LARGEST * 4))
        with target.surroundings():
            search = _Search(target, seed, folder)
            search.go(seconds, count)
        sys.stdout.flush()
        return FOUND if search.known else 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return BROKEN


class _Search:
    """The tries of one target."""

    def __init__(self, target: Target, seed: str, folder: str) -> None:
        self.target, self.folder = target, folder
        self.luck = random.Random(f"{seed} {target.name}")
        self.known: set[str] = set()
        self.tries = 0
        self.longest = 0.0
        self.running = os.open(running_file(folder, target.name), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)

    def go(self, seconds: float, count: int) -> None:
        """Try variations of the kept inputs, and of those that were handled with success; at least one in any case."""
        seeds, pool = self.target.seeds(), list[bytes]()
        begun = time.monotonic()
        while self.tries < max(count, 1) or (not count and time.monotonic() - begun < seconds):
            source = pool if pool and self.luck.random() < 0.3 else seeds
            data = self.target.mutate(self.luck.choice(source), self.luck)
            if self.attempt(data) == 0:
                if len(pool) < POOL:
                    pool.append(data)
                else:
                    pool[self.luck.randrange(POOL)] = data
        os.remove(running_file(self.folder, self.target.name))
        took, memory = time.monotonic() - begun, memory_peak() >> 20
        print(
            f"{self.target.name}: {self.tries} inputs in {took:.0f} s, {len(self.known)} findings; "
            f"longest {self.longest:.1f} s of CPU, at most {memory} MiB",
            flush=True,
        )

    def attempt(self, data: bytes) -> int:
        """Run an input, report a finding at a new place; return the exit code, -1 for a finding."""
        self.tries += 1
        place, words, status = self.look(data)
        if place and place not in self.known:
            self.known.add(place)
            saved = os.path.join(self.folder, f"{self.target.name}-{zlib.crc32(place.encode()):08x}")
            data = self.shrink(data, place)
            with open(saved, "wb") as stream:
                stream.write(data)
            report(self.target.name, place, words, saved, data)
        return status

    def look(self, data: bytes) -> tuple[str, str, int]:
        """Run an input; return the place in the code where it fails or "", the message, and the exit code."""
        os.pwrite(self.running, data, 0)
        os.ftruncate(self.running, len(data))
        begun = time.process_time()
        before = memory_peak()
        try:
            status = self.target.run(data)
        except Exception as problem:
            return place_of(problem), f"{problem!s:.300}", -1
        took = time.process_time() - begun
        self.longest = max(self.longest, took)
        if took > LONGEST:
            return "too slow", f"{took:.1f} s of CPU time", -1
        if memory_peak() - before > LARGEST:
            return "too large", f"more than {LARGEST >> 20} MiB of memory", -1
        if status not in STATUSES:
            return f"exit code {status}", "not an exit code that an input should have", -1
        return "", "", status

    def shrink(self, data: bytes, place: str) -> bytes:
        """Return a smaller input that fails at the same place, after a limited number of tries."""
        end, tries, size = time.monotonic() + SHRINK_SECONDS, SHRINKS, max(len(data) // 2, 1)
        while size and tries:
            at = 0
            while at < len(data) and tries and time.monotonic() < end:
                tries -= 1
                less = data[:at] + data[at + size :]
                if self.look(less)[0] == place:
                    data = less
                else:
                    at += size
            if time.monotonic() >= end:
                break
            size //= 2
        return data


def memory_peak() -> int:
    """Return the most memory in bytes that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def place_of(problem: BaseException) -> str:
    """Return the type of an exception, and the last line of this project in its traceback."""
    cause = problem.__cause__ or problem
    steps = traceback.extract_tb(cause.__traceback__)
    ours = [f"{os.path.relpath(step.filename, TOP)}:{step.lineno}" for step in steps if TOP in step.filename]
    return f"{type(cause).__name__} {ours[-1] if ours else 'too slow'}"


def running_file(folder: str, target: str) -> str:
    """Return the path of the file that holds the input a target works on."""
    return os.path.join(folder, f"{target}-running")


def _report_death(target: str, code: int, folder: str) -> None:
    """Report a process that ended before its time, and the input that it worked on."""
    if code == BROKEN:
        print(f"{target}: stopped by a fault of this tool, see above", flush=True)
        return
    running, saved = running_file(folder, target), os.path.join(folder, f"{target}-killed")
    os.replace(running, saved)
    with open(saved, "rb") as stream:
        data = stream.read()
    hung = code == -signal.SIGABRT
    words = f"aborted, or more than {HANG} s for one input; see above" if hung else f"the process ended with {code}"
    report(target, "hang" if hung else "crash", words, saved, data)


UNPACK = "import base64,sys,zlib; sys.stdout.buffer.write(zlib.decompress(base64.b64decode(sys.argv[1])))"


def report(target: str, place: str, words: str, saved: str, data: bytes) -> None:
    """Print a finding, and the command that adds it to the kept inputs."""
    name = f"tests/data/fuzz/{target}/{os.path.basename(saved).removeprefix(f'{target}-')}"
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    print(f"FINDING {target}: {place}: {words}\n  input: {data!r:.300}\n  saved as {saved}; to keep it for the tests:")
    print(f"  python3 -c '{UNPACK}' {packed} >{name}", flush=True)

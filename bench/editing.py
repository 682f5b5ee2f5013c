"""The measurements of `bench/xml`."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from side_by_side import (
    NAME,
    TOP,
    Limit,
    Run,
    Times,
    environment,
    judge,
    measure,
    one_round,
    ours,
    show,
    theirs,
    verdict,
)

MEMORY = "--edit --memory 2048".split()
DISK = "--edit target.dev=vda --disk cache=writeback".split()
FEW = 10
RUNNING, SHUT_OFF = "1", "5"
NETWORK = "<network><name>default</name><bridge name='virbr9'/></network>"
ALONE = "import sys, libvirt; libvirt.open(sys.argv[1])"
SHOWN = "import sys, libvirt; print(libvirt.open(sys.argv[1]).lookupByName(sys.argv[2]).XMLDesc(), end='')"


def name_of(number: int) -> str:
    """Return the name of a guest of the inventory."""
    return f"guest{number:05}"


def guest(number: int) -> str:
    """Return the XML of a typical guest; every other guest is running."""
    with open(os.path.join(TOP, "bench", "guest.xml"), encoding="utf-8") as stream:
        text = stream.read()
    mac = f"{number >> 8 & 255:02x}:{number & 255:02x}"
    facts = {"NAME": name_of(number), "SERIAL": f"{number:012x}", "MAC": mac}
    facts["STATE"] = (RUNNING, SHUT_OFF)[number % 2]
    for word, fact in facts.items():
        text = text.replace(word, fact)
    return text


def inventory(folder: str, count: int) -> str:
    """Write an inventory for libvirt's test driver with `count` guests, and return its URI."""
    path = os.path.join(folder, f"{count}.xml")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(["<node>", *(guest(number) for number in range(count)), NETWORK, "</node>\n"]))
    return f"test://{path}"


# -- one guest -------------------------------------------------------------------------------------


def one_guest(folder: str, rounds: int, env: dict[str, str]) -> bool:
    """Edit a document on standard input; return whether the limits are kept."""
    document = os.path.join(folder, "guest.xml")
    with open(document, "wb") as stream:  # in libvirt's own formatting
        subprocess.run([sys.executable, "-c", SHOWN, inventory(folder, 1), name_of(0)], stdout=stream, check=True)
    runs = {"bare Python": Run([sys.executable, "-c", "pass"])}
    limits = []
    for words in (MEMORY, DISK):
        mine, other = (f"{tool} --edit {words[-2]}" for tool in ("virtprov-xml", "virt-xml"))
        runs[other] = Run(theirs("virt-xml", "--connect", "test:///default", *_their_words(words)), document)
        runs[mine] = Run(ours("virtprov-xml", *words), document)
        limits.append(Limit(mine, other, 0.35))
    print("One guest by standard input")
    times = measure(runs, rounds, env)
    show(times, "bare Python")
    return judge(times, tuple(limits))


def _their_words(words: list[str]) -> list[str]:
    """Replace the selector by its short name, the only one that virt-xml knows."""
    return [word.replace("target.dev=", "target=") for word in words]


# -- many guests -----------------------------------------------------------------------------------


def many_guests(many: str, few: str, count: int, loops: int, env: dict[str, str]) -> bool:
    """Edit all guests of an inventory; return whether the limit is kept."""
    mine, other, bare = "virtprov-xml --all", "virt-xml", "virt-xml on ten guests"
    times: Times = {mine: [], other: [], bare: []}
    for turn in range(loops):
        key = name_of((turn * 37 + 1) % count)
        runs = {
            mine: Run(all_of(many)),
            other: Run(theirs("virt-xml", "--connect", many, key, *MEMORY)),
            bare: Run(theirs("virt-xml", "--connect", few, name_of(turn % FEW), *MEMORY)),
        }
        for name, took in one_round(runs, turn, env).items():
            times[name].append(took)
    print(f"\n{count} guests: --edit --memory 2048 in one command, beside a loop of virt-xml sampled by {loops} runs")
    kept = judge(times, (Limit(mine, other, 0.01, count),))
    middle = statistics.median(mine / theirs / count for mine, theirs in zip(times[mine], times[bare], strict=True))
    print(f"  a loop whose runs open ten guests each, not {count}, for comparison: {middle:.4f}")
    return kept


def all_of(uri: str) -> list[str]:
    """Return the command line that edits every guest of an inventory."""
    return ours("virtprov-xml", "--connect", uri, "--all", *MEMORY)


# -- memory ----------------------------------------------------------------------------------------


def peak(argv: list[str], env: dict[str, str]) -> int:
    """Return the peak memory of a process in KiB; if it fails, end the benchmark.

    Linux counts from the fork on, so this process must be the smaller one: it does not load libvirt.
    """
    null = subprocess.DEVNULL
    with subprocess.Popen(argv, env=env, stdin=null, stdout=null, stderr=null) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{NAME}: {' '.join(argv)} failed")
    return usage.ru_maxrss


def memory(many: str, few: str, count: int, env: dict[str, str]) -> bool:
    """Compare the memory for editing many guests with that for a few; return whether the limit is kept."""
    edited, opened = (
        [statistics.median(peak(argv(uri), env) for _ in range(3)) for uri in (many, few)]
        for argv in (all_of, lambda uri: [sys.executable, "-c", ALONE, uri])
    )
    raw = edited[0] / edited[1]
    beyond = (edited[0] - (opened[0] - opened[1])) / edited[1]
    print(f"\nMemory: {count} guests edited, as multiples of {FEW} guests edited")
    alone = ", ".join(f"{held / edited[1]:.2f}" for held in opened)
    print(f"  libvirt alone, with {count} and with {FEW} open: {alone}")
    if raw <= 2:
        return verdict("the whole process", f"{raw:.2f}", raw, 2)
    print(f"  the whole process, most of which is the inventory: {raw:.2f}")
    return verdict("without what the inventory has grown by", f"{beyond:.2f}", beyond, 2)


def main(words: str) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="bench/xml", description=words.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=25, help="number of rounds for one guest (default %(default)s)")
    parser.add_argument("--loops", type=int, default=10, help="number of rounds for many guests (default %(default)s)")
    parser.add_argument(
        "--guests", type=int, default=1000, help="number of guests in the inventory (default %(default)s)"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="virtprov-bench-") as home:
        env = environment(home)
        kept = [one_guest(home, args.rounds, env)]
        many, few = inventory(home, args.guests), inventory(home, FEW)
        kept.append(many_guests(many, few, args.guests, args.loops, env))
        kept.append(memory(many, few, args.guests, env))
        return 0 if all(kept) else 1

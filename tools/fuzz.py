#!/usr/bin/env python3
"""Fuzz the commands: `tools/fuzz.py TARGET... [--seconds N | --count N] [--seed WORD] [--guided]`, or `all`.

Targets: `xml` is XML on standard input of virtprov-xml, `options` is the value of an option group of one of the three
commands, `commands` is a whole command line of virtprov-xml; `agent`, `trail`, `web`, `place` and `image` are answers
of others (see fuzz_outside.py). An error message of our own is a valid result. A finding is any other exception, more
than LONGEST seconds of CPU time for one input, or more than LARGEST bytes of memory; the input is saved in DIR. Every
run starts from the inputs in tests/data/fuzz, which `tests/unit/test_fuzz.py` replays.

An input is a file: the first line says what to run, the rest is the XML or the value. An unknown name in the first line
is mapped to a known one, so that any bytes are a valid input. Inputs are made at random (see fuzz_random.py); with
`--guided` atheris (`pip install atheris`) guides the search by code coverage instead. No network connection is made;
host names are not even resolved.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import pkgutil
import random
import resource
import socket
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
from tools import fuzz_outside, fuzz_random  # noqa: E402  (found from any folder)

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
SEEDS = os.path.join(TOP, "tests", "data", "fuzz")
GUESTS = os.path.join(TOP, "tests", "data", "guests")
HOST = f"recorded://{TOP}/tests/data/hosts/kvm"
LONGEST = 5.0
LARGEST = 1 << 30
TARGETS = ("xml", "options", "commands", *fuzz_outside.RUN)

LINES = {
    "memory": ["--edit", "--memory", "2048,maxmemory=4096"],
    "disk": ["--edit", "all", "--disk", "cache=none,driver.queues=4"],
    "where": ["--edit", "target.dev=vda", "--disk", "readonly=yes"],
    "graphics": ["--edit", "--graphics", "spice,listen=0.0.0.0"],
    "boot": ["--edit", "--boot", "uefi,cdrom,hd"],
    "cpu": ["--edit", "--cpu", "host-passthrough,+vmx"],
    "clear": ["--edit", "--features", "clearxml=yes,acpi=yes"],
    "xpath": ["--edit", "--xml", "./devices/disk[1]/@snapshot=no"],
    "q35": ["--edit", "--convert-to-q35"],
    "vnc": ["--edit", "--convert-to-vnc"],
    "add": ["--add-device", "--network", "default"],
    "adddisk": ["--add-device", "--disk", "none.img,size=1", "--osinfo", "generic"],
    "remove": ["--remove-device", "--disk", "all"],
    "build": ["--build-xml", "--disk", "a.img,bus=scsi"],
}
"""Arguments of virtprov-xml for XML on standard input."""

WAYS = ("edit", "all", "add", "remove", "build", "choose", "install", "clone")
"""How the value of an option group is used."""
CLONE = ("name", "file", "mac", "uuid", "force-copy", "skip-copy", "check", "nvram")


class Finding(Exception):
    """An input that is not handled correctly."""


def pick(word: str, known: Sequence[str]) -> str:
    """Return `word` if it is known, otherwise the known one that it is mapped to."""
    return word if word in known else known[zlib.crc32(word.encode("utf-8", "surrogateescape")) % len(known)]


# -- running one input ---------------------------------------------------------------------------


def _refuse(*words: object, **more: object) -> None:
    raise OSError(111, "no connection while fuzzing")


@contextmanager
def alone() -> Iterator[None]:
    """Run inside a new empty folder, without network access."""
    kept = os.getcwd(), socket.socket.connect, socket.getaddrinfo, dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in ("LIBVIRT_DEFAULT_URI", "VIRTINSTALL_OSINFO_DISABLE_REQUIRE"):
            os.environ.pop(name, None)
        os.environ["XDG_STATE_HOME"] = folder
        os.environ["HOME"] = folder
        socket.socket.connect, socket.getaddrinfo = _refuse, _refuse  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            socket.socket.connect, socket.getaddrinfo = kept[1:3]  # type: ignore[method-assign]
            os.environ.clear()
            os.environ.update(kept[3])
            os.chdir(kept[0])


@contextmanager
def _unheard(stdin: bytes) -> Iterator[None]:
    """Use `stdin` as standard input and discard the output, which must still be printable."""
    kept = sys.stdin, sys.stdout, sys.stderr
    with (
        io.TextIOWrapper(io.BytesIO(stdin)) as sys.stdin,
        open(os.devnull, "w", encoding="utf-8") as sys.stdout,
        open(os.devnull, "w", encoding="utf-8", errors="backslashreplace") as sys.stderr,
    ):
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = kept


def run(tool: str, argv: list[str], stdin: bytes = b"") -> int:
    """Run a command, discard its output and return its exit code; raises Finding."""
    from virtprov.cli import app

    begun, odd = time.process_time(), []

    def main(words: list[str]) -> int:
        from virtprov.support.errors import ProvError

        try:
            status: int = _main(tool)(words)
            sys.stdout.flush()
        except (ProvError, SystemExit):
            raise
        except BaseException as problem:
            odd.append(problem)
            raise
        return status

    with _unheard(stdin):
        status = app.run(tool, main, argv)
    took = time.process_time() - begun
    if odd:
        raise Finding(f"{tool} {argv!r:.2000}: {type(odd[0]).__name__}: {odd[0]!s:.500}") from odd[0]
    if took > LONGEST:
        raise Finding(f"{tool} {argv!r:.2000} took {took:.1f} s")
    return status


def _main(tool: str) -> Callable[[list[str]], int]:
    from virtprov.cli import clone
    from virtprov.cli.edit import command as edit
    from virtprov.cli.install import command as install

    return {"virtprov-install": install.main, "virtprov-clone": clone.main, "virtprov-xml": edit.main}[tool]


def guest() -> bytes:
    """Return the XML of a guest with many devices."""
    with open(os.path.join(GUESTS, "workstation.xml"), "rb") as stream:
        return stream.read()


def xml(data: bytes) -> int:
    """Run an input whose first line is a key of LINES, and whose rest is XML for standard input."""
    head, _, document = data.partition(b"\n")
    return run("virtprov-xml", LINES[pick(head.decode("utf-8", "replace"), tuple(LINES))], document)


def options(data: bytes) -> int:
    """Run an input whose first line is one of WAYS and an option group, and whose rest is the value of the group."""
    head, _, rest = data.partition(b"\n")
    words = [*head.decode("utf-8", "replace").split(), "", ""]
    way, text = pick(words[0], WAYS), os.fsdecode(rest.replace(b"\0", b""))
    if way == "clone":
        return _clone(pick(words[1], CLONE), text)
    from virtprov.cli.edit import command as edit
    from virtprov.cli.install import command as install

    group = pick(words[1], install.GROUPS if way == "install" else edit.GROUPS)
    flag = f"--{group}={text}"
    if way == "install":
        new = ["--connect", HOST, "--print-xml", "--dry-run", "--name", "new", "--osinfo", "generic"]
        base = {"--memory": "512", "--disk": "none", "--import": ""}
        base.pop("--import" if group in ("install", "location", "unattended", "cloud-init") else "", None)
        more = [word for pair in base.items() for word in pair if word and pair[0] != f"--{group}"]
        return run("virtprov-install", [*new, *more, flag])
    lines = {
        "edit": ["--edit", flag],
        "all": ["--edit", "all", flag],
        "add": ["--add-device", flag],
        "remove": ["--remove-device", flag],
        "build": ["--build-xml", flag],
        "choose": [f"--edit={text}", f"--{group}=clearxml=yes"],
    }
    return run("virtprov-xml", lines[way], guest())


def _clone(flag: str, text: str) -> int:
    source = ["--connect", HOST, "--original-xml", os.path.join(GUESTS, "workstation.xml"), "--print-xml"]
    return run("virtprov-clone", [*source, "--auto-clone", f"--{flag}={text}"])


def commands(data: bytes) -> int:
    """Run virtprov-xml with one argument per line, except those that would reach outside this process."""
    words = [os.fsdecode(line) for line in data.replace(b"\0", b"").split(b"\n")]
    os.environ["LIBVIRT_DEFAULT_URI"] = HOST
    try:
        return run("virtprov-xml", [word for word in words if _harmless(word)], guest())
    finally:
        del os.environ["LIBVIRT_DEFAULT_URI"]


def _harmless(word: str) -> bool:
    """Return whether an argument neither names a host nor writes to files outside the folder of this run."""
    outside = ("--connect", "--conn", "--con", "--co", "--c", "-c")
    return not word.startswith(outside) and "://" not in word and "/" not in word.removeprefix("--")[:1]


RUN: dict[str, Callable[[bytes], int]] = {"xml": xml, "options": options, "commands": commands, **fuzz_outside.RUN}


# -- making inputs -------------------------------------------------------------------------------

NASTY = (
    b"", b"0", b"-1", b"0x", b"9" * 5000, b"1e309", b"\xff", b"\xed\xa0\x80", b"\xf0\x9f\x90\xa7", b"&#0;", b"&lt;",
    b"&#x1f427;", b"%s%n", b"../" * 50, b"'", b'"', b"]]>", b"all", b"none", b"yes", b"no", b"nan", b"inf",
    b"\xd9\xa3", b"\xc2\xb2", b"A" * 4096, b"\x1b[2J", b"\x1b]0;x\x07", b"\xc2\x9b31m", b"\xe2\x80\xae",
    b"\x00", b"\x7f", b"\r", b"\xe2\x80\xa8", b"''\"\"'\"'", b"\"'\"", b"[" * 5000, b"'\\''",
)  # fmt: skip
PARTS = (
    b"<x/>", b"<x>", b"</x>", b"<!--", b"-->", b"<![CDATA[", b"<?xml version='1.0' encoding='utf-16'?>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<a xmlns='urn:x'>", b"<qemu:arg/>", b"<domain>", b"</domain>",
    b"<disk", b"<devices/>", b"<devices>", b"</devices>", b"<interface/>", b" type='", b" unit='GiB'",
)  # fmt: skip
WORDS = (
    b",", b"=", b".", b"[", b"]", b"@", b"./", b"//", b"*", b"0", b"[1]", b"[last()]", b"'", b'"', b"\\", b":", b"+",
    b"-", b"xpath.set=", b"xpath.value=", b"xpath.create=", b"xpath.delete=", b"clearxml=yes", b"path=", b"size=",
    b"type=", b"source.host9999.name=", b"address.type=", b"none", b"help", b"?", b"default", b"boot.order=",
    b"ancestor::*", b"|", b"count(", b")", b" or ",
)  # fmt: skip
FLAGS = tuple(
    b"\n" + word
    for word in (
        b"--edit", b"--add-device", b"--remove-device", b"--build-xml", b"--print-diff", b"--print-xml", b"--disk",
        b"--network", b"--memory", b"--xml", b"--output\njson", b"--quiet", b"--where\n//disk", b"--all", b"--verify",
        b"--no-define", b"--keep-going", b"--state\nrunning", b"server*", b"-1", b"99999999999", b"--undo",
        b"--osinfo\nlinux2022", b"--file\na.xml", b"--jobs\n2", b"--live", b"--both", b"--cloud-init\neject",
    )
)  # fmt: skip


def mutated(target: str, data: bytes, luck: random.Random) -> bytes:
    """Return a variation of an input, using pieces that are typical for its target."""
    parts = {"xml": PARTS, "options": WORDS, "commands": WORDS + FLAGS, **fuzz_outside.PARTS}
    bricks = NASTY + parts[target]
    for _ in range(luck.randint(1, 4)):
        cuts = _cuts(data, b"<>\"' \n" if target == "xml" else b",=.\n/")
        at, upto = sorted((luck.choice(cuts), luck.choice(cuts)))
        piece = data[at:upto]
        change = luck.randrange(5)
        if change == 0:
            data = data[:at] + data[upto:]
        elif change == 1:
            data = data[:upto] + piece * luck.choice((1, 2, 50)) + data[upto:]
        elif change == 2:
            data = data[:at] + luck.choice(bricks) + data[at:]
        elif change == 3:
            data = data[:at] + luck.choice(bricks) + data[min(upto, at + 40) :]
        else:
            other = luck.choice(cuts)
            data = data[:at] + data[upto:][:other] + piece + data[upto:][other:]
        data = data[: 1 << 17]
    return data


def _cuts(data: bytes, at: bytes) -> list[int]:
    return [0, *(place for place, byte in enumerate(data) if byte in at), len(data)]


def seeds(target: str) -> list[bytes]:
    """Return the saved inputs, and for `xml` also the test guests with every line of LINES."""
    found = []
    for name in sorted(os.listdir(os.path.join(SEEDS, target))):
        with open(os.path.join(SEEDS, target, name), "rb") as stream:
            found.append(stream.read())
    if target == "xml":
        for name in sorted(os.listdir(GUESTS)):
            with open(os.path.join(GUESTS, name), "rb") as stream:
                document = stream.read()
            found += [line.encode() + b"\n" + document for line in LINES]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the commands.")
    names = (*TARGETS, "all")
    parser.add_argument("targets", nargs="+", choices=names, metavar="TARGET", help=", ".join(names))
    parser.add_argument("--seconds", type=float, default=120, metavar="N", help="for all targets together")
    parser.add_argument("--count", type=int, default=0, metavar="N", help="inputs of each target; no time limit")
    parser.add_argument("--seed", default=f"{random.SystemRandom().getrandbits(32):08x}", metavar="WORD")
    parser.add_argument("--keep", default=os.path.join(TOP, ".cache", "fuzz"), metavar="DIR", help="for findings")
    parser.add_argument("--guided", action="store_true", help="let atheris search one target by code coverage")
    args = parser.parse_args()
    sys.path.insert(0, TOP)
    targets = TARGETS if "all" in args.targets else tuple(dict.fromkeys(args.targets))
    if args.guided:
        if len(targets) > 1:
            parser.error("--guided requires a single target")
        return guided(targets[0], args.keep, int(args.seconds))
    print(f"fuzzing {', '.join(targets)} with --seed {args.seed}")
    runs = [
        fuzz_random.Target(name, RUN[name], partial(seeds, name), partial(mutated, name), ready) for name in targets
    ]
    return 1 if fuzz_random.fuzz(runs, args.seed, args.seconds, args.count, os.path.abspath(args.keep)) else 0


@contextmanager
def ready() -> Iterator[None]:
    """Run alone, with an index of the profiles, which the first lookup would create."""
    with alone():
        run("virtprov-install", ["--osinfo", "list"])
        yield


def guided(target: str, keep: str, seconds: int) -> int:
    """Let atheris search a target by code coverage."""
    try:
        import atheris  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        sys.exit("tools/fuzz.py --guided requires atheris: pip install atheris")
    with atheris.instrument_imports(include=["virtprov"]):
        for module in pkgutil.walk_packages([os.path.join(TOP, "virtprov")], "virtprov."):
            importlib.import_module(module.name)
    folder = os.path.join(os.path.abspath(keep), target)
    os.makedirs(folder, exist_ok=True)
    for at, seed in enumerate(seeds(target)):
        with open(os.path.join(folder, f"seed-{at:03}"), "wb") as stream:
            stream.write(seed)
    return _fuzz(atheris, target, folder, seconds)


def _note(finding: Finding, data: bytes, folder: str, known: set[str]) -> None:
    """Save the first input that fails at this place in the code, and continue."""
    place = fuzz_random.place_of(finding)
    if place not in known:
        known.add(place)
        where = f"{folder}-crash-{zlib.crc32(place.encode()):08x}"
        with open(where, "wb") as stream:
            stream.write(data)
        sys.stderr.write(f"FINDING {place}: {finding!s:.300}\n  kept as {where}\n")


def _fuzz(atheris: Any, target: str, folder: str, seconds: int) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST * 4, LARGEST * 4))

    def custom(data: bytes, most: int, seed: int) -> bytes:
        luck = random.Random(seed)
        made: bytes = atheris.Mutate(data, most) if luck.randrange(4) == 0 else mutated(target, data, luck)
        return made[:most]

    known: set[str] = set()

    def one(data: bytes) -> None:
        try:
            RUN[target](data)
        except Finding as finding:
            _note(finding, data, folder, known)

    words = [
        sys.argv[0], folder, f"-max_total_time={seconds}", f"-rss_limit_mb={LARGEST >> 20}", "-max_len=131072",
        f"-timeout={int(LONGEST * 2)}", f"-artifact_prefix={folder}-", "-print_final_stats=1", "-use_value_profile=0",
    ]  # fmt: skip
    with ready():
        atheris.Setup(words, one, custom_mutator=custom)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())

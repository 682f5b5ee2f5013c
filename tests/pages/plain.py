"""What differs from run to run in the output of a command, so that pages and runs can be compared."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Readers have hardware virtualization; the tests run their guests without it, which the commands say.
EMULATED = re.compile(r"^.*warning:.*this guest is emulated, which is slow.*\n", re.MULTILINE)
# A busy machine may take so long to answer that this is told.
SLOW = re.compile(r"^Waiting for [a-z+]+://\S* .*\.\.\.\n", re.MULTILINE)
VARYING = (
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
    (r"\b192\.168\.122\.\d+\b", "ADDRESS"),
    (r"\b[0-9a-f]{16,128}\b", "DIGEST"),
    (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?\b", "TIME"),
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"\b\d+(?:\.\d+)? (?:s|seconds|min)\b", "SECONDS"),
    (r'"(seconds|at)": [0-9.e-]+', r'"\1": SECONDS'),
    (r"\bpc-q35-\d+\.\d+\b", "MACHINE"),
    (r"(?m)^@@ -\d+(,\d+)? \+\d+(,\d+)? @@$", "LINES"),  # the devices before depend on libvirt and QEMU
    (r"(?<=type='pci' domain='0x0000' )bus='0x..' slot='0x..' function='0x.'", "PCI"),  # so do the free addresses
    (r"(?<=first login: )\S+", "PASSWORD"),
    (r"(?<=ssh-ed25519 )AAAA[A-Za-z0-9+/=]+", "KEY"),
    (r"\b[\d.]+ [MG]iB of [\d.]+ [MG]iB\b|(?<=\()[\d.]+ MiB(?=\))", "SIZE"),
)


def show(text: str, paths: dict[str, str]) -> list[str]:
    """Return output as a page shows it: without the folders of a test, which `paths` maps to those of a reader."""
    for ours, theirs in paths.items():
        text = text.replace(ours, theirs)
    text = EMULATED.sub("", text if text.endswith("\n") else f"{text}\n")
    return SLOW.sub("", text).rstrip("\n").splitlines()


def plain(lines: Sequence[str]) -> list[str]:
    """Return lines in which all that varies is replaced by a word for it."""
    text = "\n".join(lines)
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return [re.sub(r"  +", "  ", line).rstrip() for line in text.splitlines()]

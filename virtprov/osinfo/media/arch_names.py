"""The names of architectures."""

from __future__ import annotations

ARCHES = {
    "i386": "i686", "i486": "i686", "i586": "i686", "x86": "i686", "amd64": "x86_64", "x86_64_v2": "x86_64",
    "arm64": "aarch64", "armhfp": "armv7l", "armhf": "armv7l", "armv7hl": "armv7l", "ppc64el": "ppc64le",
}  # fmt: skip
"""How distributions spell architectures that the database calls otherwise."""


def arch_name(arch: str) -> str:
    """Return an architecture as the database calls it."""
    return ARCHES.get(arch, arch)

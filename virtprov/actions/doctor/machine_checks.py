"""Checks of the machine on which the command runs."""

from __future__ import annotations

import os

from virtprov.actions.doctor.finding import DEBIAN, LIMITED, MISSING, OK, Finding, MachineCheck, Mend, find_program
from virtprov.support.notation.units import GIB, show_size

_PACKAGES = (
    ("libvirt", "python3-libvirt", "libvirt-python"),
    ("lxml", "python3-lxml", "lxml"),
    ("pycdlib", "python3-pycdlib", "pycdlib"),
    ("requests", "python3-requests", "requests"),
    ("yaml", "python3-yaml", "PyYAML"),
)
"""Modules that are not part of Python, the packages of Debian, and those of PyPI."""
_LITTLE = 4 * GIB
"""Less free space than this may be too little for a cloud image: its download, and its unpacked disk."""


def find_packages() -> Finding:
    """Look for the Python packages; none is loaded for this."""
    from importlib.util import find_spec

    lost = [names for names in _PACKAGES if find_spec(names[0]) is None]
    if not lost:
        return Finding(OK, ", ".join(module for module, _, _ in _PACKAGES))
    mends = (
        Mend(DEBIAN, f"apt install {' '.join(debian for _, debian, _ in lost)}"),
        Mend("", f"pip install {' '.join(pypi for _, _, pypi in lost)}"),
    )
    hint = "a virtual environment has the packages of the system only if it was created with --system-site-packages"
    return Finding(MISSING, f"{', '.join(module for module, _, _ in lost)} cannot be found", mends, hint)


def find_viewer() -> Finding:
    """Look for a program that shows graphical consoles, and a desktop to show it on."""
    finding = find_program("virt-viewer")
    if finding.state == OK and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return Finding(LIMITED, f"{finding.found}, but this is not a desktop session")
    return finding


def find_image_cache() -> Finding:
    """Look at the cache of cloud images: its size, the free space, and whether it can be written."""
    from virtprov.images import cache
    from virtprov.support.file_access.files import free_bytes

    folder = cache.folder()
    above = folder
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.access(above, os.W_OK | os.X_OK):
        return Finding(MISSING, f"{above} cannot be written", hint="set XDG_CACHE_HOME to a folder that can be written")
    size, free = sum(cache.size_of(tag) for tag in cache.tags()), free_bytes(folder)
    found = f"{show_size(size)} in {folder}"
    if free is None:
        return Finding(OK, found)
    found += f", {show_size(free)} free"
    if free < _LITTLE:
        hint = "`virtprov-install --image-cache prune` removes images that are not in use"
        return Finding(LIMITED, found, hint=hint)
    return Finding(OK, found)


CHECKS = (
    MachineCheck("python-packages", "Python packages", "all commands", True, find_packages),
    MachineCheck("image-cache", "image cache", "--image", False, find_image_cache),
    MachineCheck("ssh", "ssh", "hosts at qemu+ssh://, --wait ssh", False, lambda: find_program("ssh")),
    MachineCheck("gpgv", "gpgv", "signatures of cloud images", False, lambda: find_program("gpgv")),
    MachineCheck("zstd", "zstd", "cloud images that are compressed with zstd", False, lambda: find_program("zstd")),
    MachineCheck("text-console", "text console", "--autoconsole text", False, lambda: find_program("virsh")),
    MachineCheck("viewer", "graphical console", "--autoconsole graphical", False, find_viewer),
)
"""The table of checks, in the order of the report."""

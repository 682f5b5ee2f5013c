"""The boot configuration of a medium: kernels, initrds and arguments of GRUB, SYSLINUX and systemd-boot.

Formats from the manuals of GRUB 2 ("linux", "initrd", "source"), SYSLINUX (its config.txt) and the Boot Loader
Specification. Variables and scripts are not interpreted: an entry that needs them is left out.
"""

from __future__ import annotations

import re

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.places.reading import Place

FILES = (
    "boot/grub/grub.cfg", "boot/grub2/grub.cfg", "EFI/BOOT/grub.cfg", "boot/grub/loopback.cfg",
    "isolinux/isolinux.cfg", "isolinux/txt.cfg", "boot/isolinux/isolinux.cfg", "syslinux/syslinux.cfg",
    "boot/syslinux/syslinux.cfg", "boot/x86_64/loader/isolinux.cfg", "isolinux.cfg", "syslinux.cfg",
)  # fmt: skip
FOLDERS = ("boot", "casper", "live", "isolinux", "install", "images/pxeboot", "kernel", "kernels", "")
"""Where a kernel and an initrd may be if nothing names them."""
_ENTRIES = "loader/entries"
_MOST_FILES = 24
_NOT_KERNELS = (".c32", ".0", ".bin", ".bs", ".bss", ".efi", ".com", ".img")
_NOISE = ("quiet", "splash", "---", "--", "rhgb", "silent")
_GRUB_LINUX = ("linux", "linuxefi", "linux16", "$linux")
_GRUB_INITRD = ("initrd", "initrdefi", "initrd16", "$initrd")
_KERNEL = re.compile(r"(vmlinu[xz]|linux|bzimage|kernel)([-_.\d].*)?", re.IGNORECASE)
_INITRD = re.compile(r"(initrd|initramfs)([-_.\d].*)?", re.IGNORECASE)


class Entry(Record):
    """One system that a medium starts: paths in the medium, and the arguments of the kernel."""

    kernel: str
    initrd: str
    args: tuple[str, ...] = ()


def read_entries(place: Place) -> list[Entry]:
    """Return the entries of all boot configurations whose kernel and initrd are in the place, the first one first."""
    results: dict[tuple[str, str], Entry] = {}
    waiting = [*FILES, *(f"{_ENTRIES}/{name}" for name in place.names(_ENTRIES) if name.endswith(".conf"))]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_FILES + len(FILES):
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        text = (place.fetch(name) or b"").decode("utf-8", "replace")
        for entry in _read(name, text):
            if place.find(entry.kernel) and place.find(entry.initrd):
                results.setdefault((entry.kernel, entry.initrd), entry)
        waiting[:0] = _included(name, text)
    return list(results.values())


def find_by_name(place: Place) -> Entry | None:
    """Return a kernel and an initrd whose names say what they are; None without both in one folder."""
    for folder in FOLDERS:
        names = place.names(folder)
        kernels = [name for name in names if _KERNEL.fullmatch(name)]
        initrds = [name for name in names if _INITRD.fullmatch(name)]
        for kernel in kernels:
            mark = kernel.partition("-")[2]
            fitting = [name for name in initrds if mark and mark in name] or initrds
            start = f"{folder}/" if folder else ""
            if fitting and place.find(start + kernel) and place.find(start + fitting[0]):
                return Entry(start + kernel, start + fitting[0])
    return None


def _read(name: str, text: str) -> Iterator[Entry]:
    if name.endswith(".conf"):
        yield from _boot_loader_spec(text)
    elif "grub" in name.rpartition("/")[2] or name.endswith("loopback.cfg"):
        yield from _grub(text)
    else:
        yield from _syslinux(text, name.rpartition("/")[0])


def _grub(text: str) -> Iterator[Entry]:
    kernel: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] in ("menuentry", "}"):
            kernel = []
        elif words[0] in _GRUB_LINUX and len(words) > 1:
            kernel = words[1:]
        elif words[0] in _GRUB_INITRD and len(words) > 1 and kernel:
            entry = _entry(kernel[0], words[-1], kernel[1:], "")
            if entry:
                yield entry


def _syslinux(text: str, folder: str) -> Iterator[Entry]:
    values: dict[str, str] = {}
    for line in [*text.splitlines(), "label end"]:
        word, _, rest = line.strip().partition(" ")
        word = word.lower()
        if word == "label":
            entry = _of_label(values, folder)
            if entry:
                yield entry
            values = {}
        elif word in ("kernel", "linux", "append", "initrd"):
            values["kernel" if word == "linux" else word] = rest.strip()


def _of_label(values: dict[str, str], folder: str) -> Entry | None:
    """Return the entry of one label; its initrd may be among the arguments."""
    args = values.get("append", "").split()
    named = next((word[len("initrd=") :] for word in args if word.startswith("initrd=")), "")
    initrd = (values.get("initrd") or named).split(",")[-1]
    kernel = values.get("kernel", "")
    if not kernel or not initrd or kernel.lower().endswith(_NOT_KERNELS):
        return None
    return _entry(kernel, initrd, [word for word in args if not word.startswith("initrd=")], folder)


def _boot_loader_spec(text: str) -> Iterator[Entry]:
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        values.setdefault(word, []).append(rest.strip())
    if values.get("linux") and values.get("initrd"):
        entry = _entry(values["linux"][0], values["initrd"][-1], " ".join(values.get("options", [])).split(), "")
        if entry:
            yield entry


def _entry(kernel: str, initrd: str, args: list[str], folder: str) -> Entry | None:
    """Return an entry with paths in the medium; None if they are only known when the configuration is run."""
    paths = _path(kernel, folder), _path(initrd, folder)
    if not all(paths):
        return None
    kept = [word for word in args if word.isprintable() and "$" not in word and word not in _NOISE]
    return Entry(*paths, tuple(kept))


def _path(text: str, folder: str) -> str:
    """Return a path in the medium; "" for one that leads out of it, or has a variable."""
    bare = re.sub(r"^\([^)]*\)", "", text.strip("'\""))
    if "$" in bare or not bare.isprintable():
        return ""
    parts = [part for part in (bare if bare.startswith("/") or not folder else f"{folder}/{bare}").split("/") if part]
    return "" if ".." in parts else "/".join(part for part in parts if part != ".")


def _included(name: str, text: str) -> list[str]:
    """Return the names of the configurations that a configuration includes."""
    folder = name.rpartition("/")[0]
    is_grub = "grub" in name
    words = r"^\s*(?:source|configfile)\s+(\S+)" if is_grub else r"^\s*include\s+(\S+)"
    matches = re.findall(words, text, re.MULTILINE | re.IGNORECASE)
    paths = [_path(re.sub(r"^(\(\$root\)|\$\{?prefix\}?/?)", "", path), "" if is_grub else folder) for path in matches]
    return [path for path in paths if path][:8]

"""The contents of media in words: the output of `--identify`."""

from __future__ import annotations

from virtprov.support.visible import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.detect import Detected
    from virtprov.osinfo.identify import Identified

_KINDS = {
    "installer": "an installer",
    "live": "a live system",
    "tree": "an installation tree",
    "cloud image": "a cloud image",
    "disk": "a disk image",
}


def line(answer: Identified) -> str:
    """Return one line for a medium, which starts with its path."""
    why = answer.error.removeprefix(f"'{answer.path}' ")
    return f"{answer.path}: {why or sentence(answer.found)}"


def sentence(found: Detected) -> str:
    """Describe the contents of a medium, such as `Debian 12 (debian12): an installer for x86_64`."""
    if found.kind == "unknown" and not found.os:
        return _unknown(found)
    what = _KINDS.get(found.kind, "a medium")
    if found.format and found.format != "iso" and found.kind in ("cloud image", "disk"):
        what += f" ({found.format})"
    if found.arch:
        what += f" for {found.arch}"
    if found.live and found.installs:
        what += " that can also be installed"
    elif found.kind == "installer" and not found.installs:
        what += " that cannot install a system on its own"
    if not found.os:
        return f"{what} of an operating system without a profile{_label(found)}"
    guess = "" if found.exact else "; a newer release than any known profile"
    return f"{found.name or found.os} ({found.os}): {what}{guess}"


def _unknown(found: Detected) -> str:
    if found.format == "iso":
        boots = "" if found.bootable is None else ", bootable" if found.bootable else ", not bootable"
        return f"an ISO of an operating system without a profile{boots}{_label(found)}"
    return f"unknown contents ({found.format})" if found.format else "unknown contents"


def _label(found: Detected) -> str:
    return f" (label '{one_line(found.volume_id)}')" if found.volume_id else ""

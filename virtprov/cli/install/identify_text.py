"""What media hold, in words: the text that `--identify` prints."""

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
    """One medium on one line, its path first."""
    why = answer.error.removeprefix(f"'{answer.path}' ")
    return f"{answer.path}: {why or sentence(answer.found)}"


def sentence(found: Detected) -> str:
    """What a medium holds, such as `Debian 12 (debian12): an installer for x86_64`."""
    if found.kind == "unknown" and not found.os:
        return _unknown(found)
    what = _KINDS.get(found.kind, "a medium")
    if found.format and found.format != "iso" and found.kind in ("cloud image", "disk"):
        what += f" ({found.format})"
    if found.arch:
        what += f" for {found.arch}"
    if found.live and found.installs:
        what += " that installs as well"
    elif found.kind == "installer" and not found.installs:
        what += " that cannot install by itself"
    if not found.os:
        return f"{what}, of a system that no profile describes{_label(found)}"
    guess = "" if found.exact else "; a release newer than any that is known here"
    return f"{found.name or found.os} ({found.os}): {what}{guess}"


def _unknown(found: Detected) -> str:
    if found.format == "iso":
        boots = "" if found.bootable is None else ", bootable" if found.bootable else ", not bootable"
        return f"an ISO that no profile describes{boots}{_label(found)}"
    return f"nothing that is known here ({found.format})" if found.format else "nothing that is known here"


def _label(found: Detected) -> str:
    return f" (label '{one_line(found.volume_id)}')" if found.volume_id else ""

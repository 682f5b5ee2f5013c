"""The contents of media in words: the output of `--identify`."""

from __future__ import annotations

from virtprov.support.terminal.visible import one_line

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


def sentence(contents: Detected) -> str:
    """Describe the contents of a medium, such as `Debian 12 (debian12): an installer for x86_64`."""
    if contents.kind == "unknown" and not contents.os:
        return _unknown(contents)
    what = _KINDS.get(contents.kind, "a medium")
    if contents.format and contents.format != "iso" and contents.kind in ("cloud image", "disk"):
        what += f" ({contents.format})"
    if contents.arch:
        what += f" for {contents.arch}"
    if contents.live and contents.installs:
        what += " that can also be installed"
    elif contents.kind == "installer" and not contents.installs:
        what += " that cannot install a system on its own"
    if not contents.os:
        return f"{what} of an operating system without a profile{_label(contents)}"
    guess = "" if contents.exact else "; a newer release than any known profile"
    return f"{contents.name or contents.os} ({contents.os}): {what}{guess}"


def _unknown(contents: Detected) -> str:
    if contents.format == "iso":
        boots = "" if contents.bootable is None else ", bootable" if contents.bootable else ", not bootable"
        return f"an ISO of an operating system without a profile{boots}{_label(contents)}"
    return f"unknown contents ({contents.format})" if contents.format else "unknown contents"


def _label(contents: Detected) -> str:
    return f" (label '{one_line(contents.volume_id)}')" if contents.volume_id else ""

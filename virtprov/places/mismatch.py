"""Media for another architecture than the guest's."""

from __future__ import annotations

from virtprov.osinfo.media.arch_names import arch_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.detect import Detected


def arch_mismatch(detected: Detected, guest_arch: str) -> str:
    """Return a warning if a medium is for another architecture than the guest; "" if not, or if that is not known."""
    medium, guest = arch_name(detected.arch), arch_name(guest_arch)
    if not medium or not guest or medium in (guest, "all", "multi-arch"):
        return ""
    what = detected.name or "the medium"
    if (medium, guest) == ("i686", "x86_64"):
        return f"the medium of {what} is for {medium}: the guest will be a 32-bit system on an {guest} machine"
    return f"the medium of {what} is for {medium}, but the guest has {guest}: it will probably not boot"

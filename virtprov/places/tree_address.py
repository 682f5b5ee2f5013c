"""The address of a system's installer, from its profile."""

from __future__ import annotations

from virtprov.places.choose import Wanted
from virtprov.places.layouts import WITHOUT_KERNEL
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.profile import Profile


def find_address(name: str, wanted: Wanted, warnings: list[str] | None) -> tuple[str, Wanted, str]:
    """Return the address for `--install os=NAME`, the guest that it is for, and a note.

    It is that of a tree; if the profile has none for the architecture, that of an ISO with an installer. Raises
    UsageError for an unknown name, and if the profile has no address.
    """
    from virtprov.osinfo.find_profile import find

    profile = find(name, warnings if warnings is not None else [])
    tree = profile.install_tree(wanted.arch)
    address = tree.url if tree else _iso(profile, wanted.arch)
    if not address:
        arches = dict.fromkeys(one.arch for one in profile.trees() if one.url)
        raise UsageError(
            f"the profile '{name}' has no address of an installation tree for {wanted.arch}",
            hint=f"it has addresses for: {', '.join(arches)}" if arches else _other_ways(profile),
        )
    return address, wanted._replace(profile=wanted.profile or profile), f"Using --location {address}"


def _other_ways(profile: Profile) -> str:
    return "use --cdrom ISO" if profile.family in WITHOUT_KERNEL else "use --location URL or --cdrom ISO"


def _iso(profile: Profile, arch: str) -> str:
    """Return the address of an ISO whose kernel is known; that of a server's installer before that of a desktop."""
    urls = [one.url for one in profile.media(arch) if one.url and one.kernel and one.initrd and one.installer]
    return next((url for url in urls if "server" in url), urls[0] if urls else "")

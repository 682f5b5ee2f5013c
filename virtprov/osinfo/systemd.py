"""Which systems have a systemd that reads settings from the host: its credentials, of version 252 and newer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.profile import Profile

_SINCE = {
    "debian": (12,), "ubuntu": (23, 4), "fedora": (38,), "opensuse": (15, 6), "sle": (15, 6), "mageia": (9,),
    "rhel": (9, 2), "ol": (9, 2), "centos": (9,), "almalinux": (9,), "rocky": (9,),
}  # fmt: skip
"""The first release of a distribution with systemd 252 or newer, as in the lists of its packages."""
_ALWAYS = ("testing", "sid", "tumbleweed", "Rawhide")


def reads_credentials(profile: Profile) -> bool:
    """Return whether the system reads systemd credentials from QEMU's fw_cfg (systemd.system-credentials(7))."""
    distro = profile.distro
    if distro == "archlinux" or profile.version in _ALWAYS and distro in _SINCE:
        return True
    since = _SINCE.get(distro)
    numbers = profile.version.replace("-stream", "").split(".")
    if since is None or not all(number.isdecimal() for number in numbers):
        return False
    return tuple(int(number) for number in numbers) >= since

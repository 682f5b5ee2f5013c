"""Names that only Windows Setup uses: those of time zones, and of the folders of drivers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.profile import Profile

ZONES = {
    "UTC": "UTC", "Etc/UTC": "UTC", "Europe/London": "GMT Standard Time", "Europe/Dublin": "GMT Standard Time",
    "Europe/Lisbon": "GMT Standard Time", "Europe/Berlin": "W. Europe Standard Time",
    "Europe/Vienna": "W. Europe Standard Time", "Europe/Zurich": "W. Europe Standard Time",
    "Europe/Amsterdam": "W. Europe Standard Time", "Europe/Rome": "W. Europe Standard Time",
    "Europe/Stockholm": "W. Europe Standard Time", "Europe/Oslo": "W. Europe Standard Time",
    "Europe/Paris": "Romance Standard Time", "Europe/Brussels": "Romance Standard Time",
    "Europe/Madrid": "Romance Standard Time", "Europe/Copenhagen": "Romance Standard Time",
    "Europe/Prague": "Central Europe Standard Time", "Europe/Budapest": "Central Europe Standard Time",
    "Europe/Warsaw": "Central European Standard Time", "Europe/Athens": "GTB Standard Time",
    "Europe/Helsinki": "FLE Standard Time", "Europe/Kiev": "FLE Standard Time", "Europe/Kyiv": "FLE Standard Time",
    "Europe/Istanbul": "Turkey Standard Time", "Europe/Moscow": "Russian Standard Time",
    "Asia/Jerusalem": "Israel Standard Time", "Asia/Dubai": "Arabian Standard Time",
    "Asia/Kolkata": "India Standard Time", "Asia/Bangkok": "SE Asia Standard Time",
    "Asia/Shanghai": "China Standard Time", "Asia/Hong_Kong": "China Standard Time",
    "Asia/Taipei": "Taipei Standard Time", "Asia/Singapore": "Singapore Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time", "Asia/Seoul": "Korea Standard Time",
    "Australia/Perth": "W. Australia Standard Time", "Australia/Brisbane": "E. Australia Standard Time",
    "Australia/Sydney": "AUS Eastern Standard Time", "Pacific/Auckland": "New Zealand Standard Time",
    "America/Sao_Paulo": "E. South America Standard Time", "America/New_York": "Eastern Standard Time",
    "America/Toronto": "Eastern Standard Time", "America/Chicago": "Central Standard Time",
    "America/Denver": "Mountain Standard Time", "America/Phoenix": "US Mountain Standard Time",
    "America/Los_Angeles": "Pacific Standard Time", "America/Vancouver": "Pacific Standard Time",
    "America/Anchorage": "Alaskan Standard Time", "Africa/Johannesburg": "South Africa Standard Time",
    "Africa/Cairo": "Egypt Standard Time",
}  # fmt: skip
"""IANA's names and those of Windows (Unicode CLDR, windowsZones.xml, territory 001 and the largest cities)."""

_FOLDERS = {
    "win7": "w7", "win8": "w8", "win8.1": "w8.1", "win10": "w10", "win11": "w11", "win2k8r2": "2k8R2",
    "win2k12": "2k12", "win2k12r2": "2k12R2", "win2k16": "2k16", "win2k19": "2k19", "win2k22": "2k22",
    "win2k25": "2k25",
}  # fmt: skip
_DRIVERS = ("viostor", "vioscsi", "NetKVM")
_DRIVES = ("D", "E", "F", "G")


def driver_paths(profile: Profile, arch: str) -> tuple[str, ...]:
    """Return where Setup looks for drivers on the ISO of virtio-win: DRIVER\\VERSION\\ARCHITECTURE on every CD."""
    folder = _FOLDERS.get(profile.short_id, "w11")
    machine = {"x86_64": "amd64", "aarch64": "ARM64", "i686": "x86"}.get(arch, "amd64")
    return tuple(f"{drive}:\\{driver}\\{folder}\\{machine}" for drive in _DRIVES for driver in _DRIVERS)

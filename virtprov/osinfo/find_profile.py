"""Find the profile of an operating system by any of its names.

`find("debian12")`, `find("debianbookworm")` and `find("http://debian.org/debian/12")` give the same profile.
"""

from __future__ import annotations

from functools import cache

from virtprov.osinfo.index import all_records, find_record
from virtprov.osinfo.layers import folders
from virtprov.osinfo.pack import FIELD, pack_words
from virtprov.osinfo.profile import Profile
from virtprov.support.errors import UsageError, nearest

GENERIC = "generic"
"""The name of the profile without any assumptions; `none` is another name for it."""

_GENERIC_WORDS = ("generic", "none")
_FIRST_YEAR, _LAST_YEAR = 2012, 2099  # names such as linux2024


def find(name: str, warnings: list[str] | None = None) -> Profile:
    """Return the profile with this short id, other short id or full id (`http://...`).

    `generic` and `none` give a profile without devices and requirements; `linuxYYYY` gives the latest generic Linux up
    to that year. Warnings about skipped profile files are added to `warnings`. Raises UsageError, with similar names,
    if there is no such profile.
    """
    profile = find_or_none(name, warnings)
    if profile is None:
        raise UsageError(f"unknown OS profile '{name}'", hint=suggestion(name))
    return profile


def find_or_none(name: str, warnings: list[str] | None = None) -> Profile | None:
    """Like `find`, but return None for an unknown name."""
    if name in _GENERIC_WORDS:
        return _profile(find_record("os", GENERIC, warnings)) or generic()
    return _profile(find_record("os", name, warnings)) or _generic_linux(name, warnings)


def find_recorded(os_id: str) -> Profile:
    """Return the profile of the system in a guest's metadata; `generic` without one, or for an unknown one.

    Each is looked up once, because the guests of a host have few different systems.
    """
    return _find_recorded(os_id, folders())


@cache
def _find_recorded(os_id: str, _: tuple[str, ...]) -> Profile:
    return (find_or_none(os_id) if os_id else None) or generic()


def generic() -> Profile:
    """Return the profile used if nothing is known: no devices, no requirements, no id."""
    empty = dict.fromkeys(Profile.__slots__[:-1], "")
    empty.update(short_ids=pack_words([GENERIC]), name="Generic or unknown operating system", status="released")
    return Profile(FIELD.join(empty.values()))


def profiles(warnings: list[str] | None = None) -> list[Profile]:
    """Every profile, in the order of the layers and their files."""
    return [profile for record in all_records("os-id", warnings) if (profile := _profile(record))]


def suggestion(name: str) -> str:
    """Return a hint for an unknown name."""
    known = [short for profile in profiles() for short in profile.short_ids]
    return nearest(name, known) or "use a name from `--osinfo list`, or `--osinfo generic`"


def _profile(record: str | None) -> Profile | None:
    try:
        return None if record is None else Profile(record)
    except ValueError:
        return None


def _generic_linux(name: str, warnings: list[str] | None) -> Profile | None:
    """For `linux2023` return the profile of `linux2022`, or of the latest earlier year that has one.

    None for other names.
    """
    year = name.removeprefix("linux")
    if year == name or not (year.isascii() and year.isdecimal() and _FIRST_YEAR <= int(year) <= _LAST_YEAR):
        return None
    known = [profile for profile in profiles(warnings) if profile.os_id.startswith("http://libosinfo.org/linux/")]
    fitting = [profile for profile in known if profile.version <= year]
    return max(fitting, key=lambda profile: profile.version, default=None)

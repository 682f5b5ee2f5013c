"""Check what goes into a guest before any file is read."""

from __future__ import annotations

import os
import re

from virtprov.support.errors import UsageError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cloudinit.guest_words import GuestWords

ZONES = "/usr/share/zoneinfo"
_ZONE = re.compile(r"[A-Za-z][\w+-]*(/[\w+-]+){0,2}", re.A)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.A | re.I)  # a part of a host name (RFC 1123)
_LONGEST_NAME = 253
_PACKAGE = re.compile(r"[A-Za-z0-9@][\w.+:~@/=*-]*", re.A)


def check(words: GuestWords, flag: str) -> None:
    """Raise UsageError for values that cannot work, whatever the files contain; `flag` is put before their names."""
    if words.user:
        _check_user(words.user, flag)
    if words.hostname:
        _check_host_name(words.hostname, flag)
    if words.timezone:
        _check_zone(words.timezone, flag)
    for name in words.package:
        if not _PACKAGE.fullmatch(name):
            raise UsageError(f"{flag}package: '{name}' is not the name of a package", hint="give one name at a time")
    for text in words.write:
        split_write(text, flag)
    for text in words.run:
        if not text.strip():
            raise UsageError(f"{flag}run: the command is empty", hint="give a command, such as 'systemctl start nginx'")


def _check_user(name: str, flag: str) -> None:
    """Raise UsageError for a name that useradd would refuse, or that exists in every guest."""
    if name == "root":
        raise UsageError(f"{flag}user: root already exists", hint="use root-ssh-key or root-password-generate")
    letters = name.replace("_", "a").replace("-", "a")
    good = name.isascii() and letters.isalnum() and name == name.lower() and not name[0].isdigit()
    if not good or name[0] == "-" or len(name) > 32:
        raise UsageError(
            f"{flag}user: '{name}' is not a valid user name",
            hint="use up to 32 lower-case letters, digits, dashes and underscores, starting with a letter",
        )
    if name == "default":
        raise UsageError(
            f"{flag}user: 'default' is reserved for the image's own user", hint="use clouduser-ssh-key for it"
        )


def _check_host_name(name: str, flag: str) -> None:
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        from virtprov.support.text import host_name

        fit = host_name(name)
        hint = "use letters, digits, dashes and dots"
        raise UsageError(f"{flag}hostname: '{name}' is not a valid host name", hint=f"{hint}: '{fit}'" if fit else hint)


def _check_zone(zone: str, flag: str) -> None:
    known = os.path.isdir(ZONES)
    if _ZONE.fullmatch(zone) and (not known or os.path.isfile(os.path.join(ZONES, zone))):
        return
    area = zone.rpartition("/")[0] if _ZONE.fullmatch(zone) else ""
    zones = [f"{area}/{name}" if area else name for name in _names_in(os.path.join(ZONES, area))]
    raise UsageError(
        f"{flag}timezone: unknown time zone '{zone}'", hint=nearest(zone, zones) or "for example Europe/Berlin or UTC"
    )


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def split_write(text: str, flag: str) -> tuple[str, str]:
    """Return the local file and the path in the guest of `FILE:PATH`. Raises UsageError."""
    file, _, rest = text.rpartition(":/")
    path = f"/{rest}"
    if not file or not rest or rest.endswith("/") or "/../" in f"{path}/":
        raise UsageError(f"{flag}write: '{text}' is not FILE:PATH", hint="PATH is absolute, such as motd.txt:/etc/motd")
    return file, path

"""The variables of templates, from the answers and from facts about the guest."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.unattended import windows
from virtprov.unattended.installers import AGAMA, AUTOINSTALL, DESKTOP, PRESEED, TUMBLEWEED, WINDOWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.profile import Profile
    from virtprov.unattended.answer_template import Value
    from virtprov.unattended.answers import Answers
    from virtprov.unattended.installers import Installer

_MIRRORS = {"debian": ("deb.debian.org", "/debian"), "ubuntu": ("archive.ubuntu.com", "/ubuntu")}
_PRODUCTS = {"opensuse": "openSUSE_Leap", "sles": "SLES", "sled": "SLED"}
_LOCKED = "!"
"""What replaces the hash if no password is accepted (shadow(5))."""


class Facts(NamedTuple):
    """What is known of the guest: its system, its architecture, its first disk, and the tree on a server ("": none)."""

    profile: Profile
    arch: str = "x86_64"
    disk: str = "/dev/vda"
    source: str = ""
    has_drivers: bool = False
    has_efi: bool = False


def variables(answers: Answers, installer: Installer, facts: Facts) -> dict[str, Value]:
    """Return every variable by its name; those that are not set are "" or ()."""
    commands = _commands(answers, installer)
    found: dict[str, Value] = {
        "hostname": answers.hostname,
        "user": answers.user,
        "user-password": answers.user_password,
        "user-hash": answers.user_hash,
        "user-hash-or-locked": (answers.user_hash or _LOCKED) if answers.user else "",
        "admin-password": answers.admin_password,
        "admin-hash": answers.admin_hash,
        "admin-hash-or-locked": answers.admin_hash or _LOCKED,
        "ssh-key": answers.keys,
        "first-ssh-key": answers.keys[0] if answers.keys else "",
        "timezone": answers.timezone,
        "locale": answers.locale,
        "language": answers.locale.partition(".")[0],
        "keyboard": answers.keyboard,
        "package": answers.packages,
        "run": commands,
        "script": "\n".join(("#!/bin/sh", *commands, "")) if commands else "",
        "proxy": answers.proxy.http or answers.proxy.https,
        "product-key": answers.product_key,
        "reg-login": answers.reg_login,
        "desktop": "yes" if answers.profile == DESKTOP else "",
        "disk": facts.disk,
        "disk-name": facts.disk.removeprefix("/dev/"),
        "source": facts.source,
        "efi": "yes" if facts.has_efi else "",
    }
    return found | _of_mirror(facts) | _of_system(answers, installer, facts)


def _of_mirror(facts: Facts) -> dict[str, Value]:
    """Return the mirror of Debian and Ubuntu: the one whose installer is used, or the distribution's own."""
    host, folder = _MIRRORS.get(facts.profile.distro, ("", ""))
    scheme, _, rest = facts.source.partition("://")
    if scheme == "http" and "/dists/" in rest:
        place, slash, path = rest.partition("/")
        host, folder = place.rpartition("@")[2], f"{slash}{path}".partition("/dists/")[0] or "/"
    return {"mirror-host": host, "mirror-directory": folder}


def _of_system(answers: Answers, installer: Installer, facts: Facts) -> dict[str, Value]:
    profile, is_windows = facts.profile, installer.name == WINDOWS.name
    return {
        "distro": profile.distro,
        "version": profile.version,
        "fedora": "yes" if profile.distro == "fedora" else "",
        "product": "Tumbleweed" if installer.name == TUMBLEWEED.name else _PRODUCTS.get(profile.distro, ""),
        "windows-language": answers.locale.partition(".")[0].replace("_", "-"),
        "windows-timezone": windows.ZONES.get(answers.timezone, "UTC") if is_windows else "",
        "windows-arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(facts.arch, "x86"),
        "windows-name": answers.hostname.partition(".")[0][:15] if is_windows else "",
        "windows-11": "yes" if profile.short_id == "win11" else "",
        "driver-path": windows.driver_paths(profile, facts.arch) if facts.has_drivers else (),
    }


def _commands(answers: Answers, installer: Installer) -> tuple[str, ...]:
    """Return the commands for the installed system: for what the installer does not support, then those of the user."""
    import shlex

    made: list[str] = []
    if answers.user and not answers.user_hash and answers.keys:  # no password that sudo could ask for
        rule = f"{answers.user} ALL=(ALL) NOPASSWD:ALL"
        made.append(f"mkdir -p /etc/sudoers.d && echo '{rule}' > /etc/sudoers.d/virtprov")
    if installer.name in (PRESEED.name, AGAMA.name):
        made += _key_commands(answers)
    if installer.name == AUTOINSTALL.name and answers.admin_hash:
        made.append(f"usermod -p {shlex.quote(answers.admin_hash)} root")
    return (*made, *answers.commands)


def _key_commands(answers: Answers) -> list[str]:
    """Return the commands that give the keys to the user, or to root."""
    import shlex

    if not answers.keys:
        return []
    user = answers.user or "root"
    home = f"/home/{user}" if answers.user else "/root"
    return [
        f"install -d -m 700 -o {user} {home}/.ssh",
        *(f"printf '%s\\n' {shlex.quote(key)} >> {home}/.ssh/authorized_keys" for key in answers.keys),
        f"chown {user} {home}/.ssh/authorized_keys && chmod 600 {home}/.ssh/authorized_keys",
    ]

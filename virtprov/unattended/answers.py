"""What is answered: the words of the request, with files read and passwords hashed, completed from this machine."""

from __future__ import annotations

import os
from typing import NamedTuple

from virtprov.cloudinit.value_sources import Reader
from virtprov.cloudinit.word_contents import Proxy, read_contents
from virtprov.support.errors import UsageError
from virtprov.support.text import host_name, join_words
from virtprov.unattended.installers import AUTOINSTALL, DESKTOP, KICKSTART, WINDOWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtprov.unattended.installers import Installer
    from virtprov.unattended.unattended_request import UnattendedRequest

LOCALE, KEYBOARD, ZONE = "en_US.UTF-8", "us", "UTC"
_NEEDS_USER = {AUTOINSTALL.name: "ubuntu", WINDOWS.name: "User"}
"""The user of installers that require one, if root calls virtprov and names none."""


class Answers(NamedTuple):
    """Every answer. Lists are empty and texts "" if there is none.

    `admin_password` and `user_password` are as typed, `admin_hash` and `user_hash` their hashes. The keys are for
    `user`, or for root if there is no such user. `generated` is a password made for this guest.
    """

    hostname: str = ""
    user: str = ""
    user_password: str = ""
    user_hash: str = ""
    admin_password: str = ""
    admin_hash: str = ""
    keys: tuple[str, ...] = ()
    timezone: str = ZONE
    locale: str = LOCALE
    keyboard: str = KEYBOARD
    packages: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    proxy: Proxy = Proxy()
    profile: str = DESKTOP
    product_key: str = ""
    reg_login: str = ""
    generated: str = ""


def choose_profile(request: UnattendedRequest, installer: Installer) -> str:
    """Return the profile: as given, or the installer's default. Raises UsageError if it does not have the given one."""
    if request.profile and request.profile not in installer.profiles:
        raise UsageError(
            f"--unattended profile={request.profile}: {installer.title} only has {join_words(installer.profiles)}",
            hint="omit it",
        )
    return request.profile or installer.profiles[0]


def check_words(request: UnattendedRequest, installer: Installer) -> None:
    """Raise UsageError for a word that the installer does not take."""
    from virtprov.cloudinit.guest_words import WORDS

    for field in WORDS:
        if getattr(request, field) and field not in installer.words:
            raise UsageError(
                f"--{field.replace('_', '-')} cannot be used with --unattended: {installer.title} does not support it",
                hint="omit it, or do this with run=COMMAND" if "run" in installer.words else "omit it",
            )
    if request.drivers and installer.name != WINDOWS.name:
        raise UsageError("--unattended drivers: only Windows needs drivers from an ISO", hint="omit it")
    if installer.name == KICKSTART.name:
        for command in request.run:
            if command.lstrip().startswith("%"):  # even inside of a script: pykickstart, parser.py
                raise UsageError(
                    f"--unattended run: '{command}' starts with '%', which begins or ends a section of a kickstart "
                    "file",
                    hint="put something in front of it, such as `sh -c`",
                )


def read_answers(
    request: UnattendedRequest,
    installer: Installer,
    *,
    generate: bool = True,
    environment: Mapping[str, str] | None = None,
    root: str = "/",
) -> Answers:
    """Return the answers; what is not given is taken from this machine: its user, time zone, locale and keyboard.

    Without `generate`, no password is generated. Raises InputError and UsageError for files and values that cannot be
    used. `environment` and `root` are those of this machine.
    """
    from virtprov.support import log

    env = os.environ if environment is None else environment
    reader = Reader()
    contents = read_contents(request, reader, env)
    accounts = _read_accounts(request, installer, reader, env, generate)
    if installer.name == WINDOWS.name or request.script:
        for password in (accounts.admin_password, accounts.user_password):
            _check_plain(password)
    return accounts._replace(
        hostname=request.hostname or host_name(request.guest_name) or "guest",
        timezone=contents.timezone or _own_zone(root),
        locale=_locale(request.locale or _own_locale(env)),
        keyboard=request.keyboard or _own_keyboard(root),
        packages=contents.packages,
        commands=contents.commands,
        proxy=contents.proxy,
        profile=choose_profile(request, installer),
        product_key=request.product_key and log.secret(request.product_key),
        reg_login=request.reg_login,
    )


def _read_accounts(
    request: UnattendedRequest, installer: Installer, reader: Reader, env: Mapping[str, str], generate: bool
) -> Answers:
    """Return the answers about root and the user."""
    from virtprov.support import log
    from virtprov.support.logins import passwords

    keys = tuple(dict.fromkeys(key for text in request.ssh_key for key in reader.keys("ssh-key", text)))
    admin = _password(reader, "admin-password-file", request.admin_password_file)
    own = _password(reader, "user-password-file", request.password_file)
    user = request.user or _own_name(env) or _NEEDS_USER.get(installer.name, "")
    if own and not user:
        raise UsageError("--unattended user-password-file: no user is named", hint="add user-login=NAME")
    generated = log.secret(passwords.generate()) if generate and not (admin or own or keys) else ""
    if generated and installer.name in _NEEDS_USER:
        own = generated
    elif generated:
        admin = generated
    return Answers(
        user=user,
        user_password=own,
        user_hash=_hash(own),
        admin_password=admin,
        admin_hash=_hash(admin),
        keys=keys,
        generated=generated,
    )


def _password(reader: Reader, name: str, file: str) -> str:
    return reader.password(name, file) if file else ""


def _check_plain(password: str) -> None:
    """Raise UsageError for a password that cannot be written as text into answers that are XML."""
    from virtprov.support.logins import passwords

    if passwords.is_hash(password):
        raise UsageError(
            "--unattended: the password is given as a hash, but these answers take it only as text",
            hint="put the password itself into the file",
        )
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in "\ufffe\uffff" for letter in password):
        raise UsageError("--unattended: the password contains a control character", hint="use another password")


def _hash(password: str) -> str:
    from virtprov.support.logins import passwords

    if not password:
        return ""
    return password if passwords.is_hash(password) else passwords.hash_password(password)


def _own_name(environment: Mapping[str, str]) -> str:
    """Return the name of the calling user in lower case; "" for root, and for names that Linux guests refuse."""
    name = (environment.get("LOGNAME") or environment.get("USER") or "").lower()
    fits = name.isascii() and name.replace("-", "a").replace("_", "a").isalnum() and name[:1].isalpha()
    return name if fits and name != "root" and len(name) <= 32 else ""


def _own_zone(root: str) -> str:
    """Return the time zone of this machine (localtime(5), timezone(5) of Debian)."""
    try:
        target = os.readlink(os.path.join(root, "etc/localtime"))
    except OSError:
        target = ""
    zone = target.partition("zoneinfo/")[2]
    if not zone:
        zone = _first_line(os.path.join(root, "etc/timezone"))
    words = zone.replace("/", "a").replace("_", "a").replace("-", "a").replace("+", "a")
    return zone if words.isascii() and words.isalnum() else ZONE


def _own_keyboard(root: str) -> str:
    """Return the keyboard layout of this machine (keyboard(5), vconsole.conf(5)); the first of several."""
    for file, name in (("etc/default/keyboard", "XKBLAYOUT"), ("etc/vconsole.conf", "XKBLAYOUT")):
        for line in _read(os.path.join(root, file)).splitlines():
            key, _, value = line.strip().partition("=")
            layout = value.strip("\"'").partition(",")[0]
            if key == name and layout.isascii() and layout.isalpha():
                return layout
    return KEYBOARD


def _own_locale(environment: Mapping[str, str]) -> str:
    return environment.get("LC_ALL") or environment.get("LANG") or ""


def _locale(text: str) -> str:
    """Return a locale with its character set, such as de_DE.UTF-8; the default for none, and for the locale C."""
    plain = text.partition("@")[0].partition(".")[0]
    if plain in ("", "C", "POSIX") or not (plain.isascii() and plain.replace("_", "a").isalpha()):
        return LOCALE
    return f"{plain}.UTF-8"


def _first_line(path: str) -> str:
    return (_read(path).splitlines() or [""])[0].strip()


def _read(path: str) -> str:
    from virtprov.support.errors import InputError
    from virtprov.support.file_access.files import read_bytes

    if not os.path.isfile(path):
        return ""
    try:
        return read_bytes(path, limit=64 * 1024, what="setting").decode("utf-8", "replace")
    except InputError:
        return ""

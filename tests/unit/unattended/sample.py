"""Answers for every installer, with everything that can be answered or with as little as possible."""

from __future__ import annotations

from pathlib import Path

from virtprov.osinfo.find_profile import find
from virtprov.unattended.answers import Answers, read_answers
from virtprov.unattended.installers import Installer, find_installer
from virtprov.unattended.render import Rendered, render
from virtprov.unattended.unattended_request import UnattendedRequest, from_options
from virtprov.unattended.variables import Facts

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@desk"
HASH = "$6$saltsalt$" + "a" * 86
SECRET = 'se<cr\'et & "mine" 1'
SYSTEMS = (
    "fedora43", "fedora29", "rhel10.0", "rhel9.4", "centos-stream10", "debian13", "ubuntu24.04", "opensuse15.6",
    "opensusetumbleweed", "opensuse16.0", "sles16.0", "win11", "win2k22", "alpinelinux3.22",
)  # fmt: skip
HERE = {"LANG": "de_DE.UTF-8"}
"""An environment of root."""


def installer_of(system: str) -> Installer:
    return find_installer(find(system, []))


def everything(system: str, folder: Path, *, profile: str = "", hashed: bool = True) -> UnattendedRequest:
    """Return a request with every word that the installer takes."""
    installer = installer_of(system)
    secret = HASH if hashed and installer.name != "autounattend" else SECRET
    for name in ("admin", "user"):
        (folder / name).write_text(f"{secret}\n")
    given: dict[str, list[str]] = {
        "admin-password-file": [str(folder / "admin")],
        "hostname": ["web.example.org"],
        "user": ["ana"],
        "password-file": [str(folder / "user")],
        "ssh-key": [KEY],
        "timezone": ["Europe/Berlin"],
        "locale": ["fr_FR"],
        "keyboard": ["fr"],
        "package": ["vim", "git"],
        "run": ['echo "it\'s" > /etc/motd', "systemctl enable --now nginx && true"],
        "proxy": ["http://proxy.example:3128"],
        "product-key": ["AAAAA-BBBBB"],
        "reg-login": ["ana@example.org"],
    }
    words = {name: texts for name, texts in given.items() if name.replace("-", "_") not in _WORDS - installer.words}
    return from_options(words | ({"profile": [profile]} if profile else {}))


_WORDS = {"hostname", "user", "ssh_key", "password_file", "timezone", "package", "run", "proxy"}


def facts(system: str, **more: str | bool) -> Facts:
    return Facts(find(system, []))._replace(**more)  # type: ignore[arg-type]


def answers(request: UnattendedRequest, system: str, root: Path) -> Answers:
    return read_answers(request, installer_of(system), environment=HERE, root=str(root))


def rendered(request: UnattendedRequest, system: str, root: Path, **more: str | bool) -> Rendered:
    return render(request, installer_of(system), answers(request, system, root), facts(system, **more))


def text(request: UnattendedRequest, system: str, root: Path, **more: str | bool) -> str:
    """Return the answers as text, without the files beside them."""
    return rendered(request, system, root, **more).files[installer_of(system).file].decode()

"""Groups with no place in the XML: --cloud-init, --install, --location, --unattended, --osinfo, --check."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError

Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("group", "text", "verbs"),
    [
        ("cloud-init", "", {}),
        ("cloud-init", "none", {}),
        ("cloud-init", "disable=on,root-password-generate=0", {"disable": "yes", "root-password-generate": "no"}),
        ("cloud-init", "ssh-key=/k.pub,user=ana", {"ssh-key": "/k.pub", "user": "ana"}),
        ("cloud-init", "user-data=/u,meta-data=/m,keep=yes", {"user-data": "/u", "meta-data": "/m", "keep": "yes"}),
        ("cloud-init", "keep=ON", {"keep": "yes"}),
        ("cloud-init", "keep=no", {"keep": "until-ready"}),
        ("cloud-init", "keep=First-Boot", {"keep": "first-boot"}),
        ("install", "fedora40", {"os": "fedora40"}),
        ("install", "kernel=/k,kernel_args=a,b c=d", {"kernel": "/k", "kernel_args": "a,b c=d"}),
        ("install", "no_install=yes,bootdev=network", {"no_install": "yes", "bootdev": "network"}),
        ("location", "http://x/a,b,kernel=k,initrd=i", {"location": "http://x/a,b", "kernel": "k", "initrd": "i"}),
        ("unattended", "none", {}),
        ("unattended", "profile=jeos,user-login=ana", {"profile": "jeos", "user": "ana"}),
        ("osinfo", "fedora40", {"name": "fedora40"}),
        ("osinfo", "none", {"name": "none"}),
        ("osinfo", "short-id=fedora40", {"name": "fedora40"}),
        ("osinfo", "short-id=fedora40,name=fedora39", {"name": "fedora40"}),
        ("osinfo", "list=ubuntu", {"list": "ubuntu"}),
        ("osinfo", "http://fedoraproject.org/fedora/40", {"id": "http://fedoraproject.org/fedora/40"}),
        ("osinfo", "detect=on,require=off", {"detect": "yes", "require": "no"}),
        ("check", "all=off,mac_in_use=on", {"all": "no", "mac_in_use": "yes"}),
    ],
)
def test_words(say: Say, group: str, text: str, verbs: dict[str, str]) -> None:
    said = say(group, text)
    assert said.verbs == verbs
    assert said.places == ()


@pytest.mark.parametrize(
    ("group", "text"),
    [
        ("cloud-init", "disable"),
        ("cloud-init", "on"),
        ("cloud-init", "disable=perhaps"),
        ("cloud-init", "keep=forever"),
        ("cloud-init", "user-dat=x"),
        ("install", "no_install=abc"),
        ("unattended", "on"),
        ("osinfo", "detect=abc"),
        ("check", "all"),
        ("check", "foo=off"),
        ("check", "mac_in_use=abc"),
        ("check", "xpath.set=./a=b"),
    ],
)
def test_refusals(say: Say, group: str, text: str) -> None:
    with pytest.raises(UsageError):
        say(group, text)

"""Which systems read systemd credentials."""

from __future__ import annotations

import pytest

from virtprov.osinfo.find_profile import find, generic
from virtprov.osinfo.systemd import reads_credentials

YES = "debian12 debian13 debiantesting ubuntu23.04 ubuntu24.04 fedora38 opensuse15.6 sle15sp6 mageia9 rhel9.2 rhel10.0"
NO = "debian11 ubuntu22.04 fedora37 opensuse15.5 mageia8 rhel9.1 rhel8.9 rocky8 win11 freebsd14.0 alpinelinux3.20"


@pytest.mark.parametrize("name", [*YES.split(), "centos-stream9", "archlinux", "opensusetumbleweed"])
def test_systems_with_systemd_252(name: str) -> None:
    assert reads_credentials(find(name))


@pytest.mark.parametrize("name", NO.split())
def test_older_systems_and_others(name: str) -> None:
    assert not reads_credentials(find(name))


def test_an_unknown_system() -> None:
    assert not reads_credentials(generic())

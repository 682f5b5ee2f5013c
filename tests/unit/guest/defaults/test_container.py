"""Containers: what runs first in them, and file systems."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.defaults import container
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host
from virtprov.support.errors import UsageError

Make = Callable[..., RuleContext]
Record = Callable[..., Host]

OWN_ROOT = "<filesystem type='mount'><source dir='/srv/tree'/><target dir='/'/></filesystem>"
LXC = {"domain": "lxc", "os_type": "exe", "machine": ""}


@pytest.fixture
def lxc(host_of: Record) -> Host:
    return host_of("lxc:///", {"domains": "lxc", "os_type": "exe"})


def apply(setting: RuleContext) -> RuleContext:
    for rule in container.RULES:
        if rule.applies(setting):
            rule.write(setting)
    return setting


@pytest.mark.parametrize(
    ("devices", "said", "init", "private"),
    [
        ("", {}, "/bin/sh", False),
        (OWN_ROOT, {}, "/sbin/init", True),
        (OWN_ROOT, {"os_rest": "<init>/bin/bash</init>"}, "/bin/bash", True),
    ],
)
def test_a_whole_system_starts_itself(
    devices: str, said: dict[str, str], init: str, private: bool, setting_of: Make, lxc: Host
) -> None:
    guest = apply(setting_of(devices, host=lxc, **LXC, **said)).guest
    assert (guest.get("./os/init"), guest.has("./features/privnet")) == (init, private)


def test_machines_have_no_init(setting_of: Make) -> None:
    guest = apply(setting_of()).guest
    assert not guest.has("./os/init") and not guest.has("./features")


@pytest.mark.parametrize(
    ("given", "in_container", "type_and_mode"),
    [
        ("<filesystem/>", False, ("mount", "mapped")),
        ("<filesystem/>", True, ("mount", "mapped")),
        ("<filesystem accessmode='squash'/>", False, ("mount", "squash")),
        ("<filesystem><driver type='virtiofs'/></filesystem>", False, ("mount", None)),
        ("<filesystem type='template'/>", False, ("template", "mapped")),
        ("<filesystem type='template'/>", True, ("template", None)),
    ],
)
def test_file_systems(
    given: str, in_container: bool, type_and_mode: tuple[str, str | None], setting_of: Make, lxc: Host
) -> None:
    setting = setting_of(given, host=lxc, **LXC) if in_container else setting_of(given)
    (share,) = apply(setting).guest.devices("filesystem")
    assert (share.get("type"), share.get("accessmode")) == type_and_mode


def test_containers_mount_at_absolute_paths_only(setting_of: Make, lxc: Host) -> None:
    share = "<filesystem><source dir='/a'/><target dir='not/abs'/></filesystem>"
    with pytest.raises(UsageError, match="absolute paths"):
        apply(setting_of(share, host=lxc, **LXC))
    apply(setting_of(share))  # in a machine it is a name

"""Network interfaces: where they connect, their model, their address."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from virtprov.guest.defaults import network
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Show = Callable[..., list[str]]

BRIDGED = '<interface type="bridge"><source bridge="br0"/></interface>'
DEFAULT = '<interface type="network"><source network="default"/></interface>'
USER = '<interface type="user"/>'


def apply(setting: RuleContext, *names: str) -> RuleContext:
    for rule in network.RULES:
        if rule.name in names and rule.applies(setting):
            rule.write(setting)
    return setting


@pytest.mark.parametrize(
    ("uri", "bridge", "domain", "made"),
    [
        ("qemu:///system", "br0", "kvm", BRIDGED),
        ("qemu:///system", None, "kvm", DEFAULT),
        ("qemu:///session", "br0", "kvm", USER),
        ("qemu+ssh://vm.example.com/system", "br0", "kvm", DEFAULT),  # the bridge there is not known
        ("xen:///", "br0", "xen", BRIDGED),
        ("lxc:///", None, "lxc", DEFAULT),
        ("test:///default", "br0", "test", USER),
    ],
)
def test_the_hosts_best_network(
    uri: str, bridge: str | None, domain: str, made: str, setting_of: Make, host_of: Record, show: Show
) -> None:
    host = host_of(uri, {"domains": domain}, default_bridge=bridge)
    setting = apply(setting_of(host=host, domain=domain), "network", "network-source")
    assert show(setting.guest, "interface") == [made]


@pytest.mark.parametrize(
    ("given", "refused", "made"),
    [
        ("", "network", []),
        ("<interface type='user'/>", "", [USER]),
        ("<interface type='default'/>", "", [BRIDGED]),
        ("<interface type='network'/>", "", [DEFAULT]),
        (
            "<interface type='network'><source network='lan'/></interface>",
            "",
            ['<interface type="network"><source network="lan"/></interface>'],
        ),
        (
            "<interface><backend type='passt'/></interface>",
            "",
            ['<interface type="user"><backend type="passt"/></interface>'],
        ),
        ("<interface type='ethernet'/><interface/>", "", ['<interface type="ethernet"/>', BRIDGED]),
    ],
)
def test_sources(given: str, refused: str, made: list[str], setting_of: Make, show: Show) -> None:
    setting = apply(setting_of(given, refused=refused), "network", "network-source")
    assert show(setting.guest, "interface") == made


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ({"profile": "debian12"}, "virtio"),
        ({"profile": "generic"}, "e1000e"),
        ({"profile": "generic", "machine": "pc"}, "e1000"),
        ({"profile": "win10"}, "e1000e"),
        ({"profile": "winxp", "machine": "pc"}, "e1000"),
        ({"profile": "slackware13.0", "machine": "pc"}, "rtl8139"),
        ({"profile": "freebsd7.0", "machine": "pc"}, "ne2k_pci"),
        ({"profile": "freebsd8.0", "machine": "pc"}, "e1000"),
        ({"profile": "openbsd5.0", "machine": "pc"}, "pcnet"),
        ({"profile": "debian12", "domain": "xen"}, "e1000"),
        ({"profile": "generic", "arch": "aarch64", "machine": "virt"}, ""),
        ({"profile": "debian12", "arch": "aarch64", "machine": "virt"}, "virtio"),
        ({"profile": "generic", "arch": "s390x", "machine": "s390-ccw-virtio"}, "virtio"),
        ({"profile": "generic", "arch": "ppc64le", "machine": "pseries"}, "virtio"),
        ({"profile": "generic", "arch": "riscv64", "machine": "virt"}, "virtio"),
        ({"profile": "generic", "arch": "armv7l", "machine": "vexpress-a15"}, ""),
        ({"profile": "debian12", "os_type": "exe", "machine": ""}, ""),
        ({"profile": "debian12", "os_type": "xen", "domain": "xen"}, ""),
    ],
)
def test_models(said: dict[str, str], model: str, setting_of: Make) -> None:
    setting = apply(setting_of("<interface type='user'/>", **said), "network-model")
    assert setting.guest.get("./devices/interface/model/@type") == model


@pytest.mark.parametrize(
    ("given", "model"),
    [
        ("<interface type='user'><model type='rtl8139'/></interface>", "rtl8139"),
        ("<interface type='user'><model type='default'/></interface>", "virtio"),
        ("<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>", "virtio"),
        ("<interface type='hostdev'/>", "virtio"),
    ],
)
def test_models_by_what_is_given(given: str, model: str, setting_of: Make) -> None:
    setting = apply(setting_of(given, profile="debian12"), "network-model")
    assert setting.guest.get("./devices/interface/model/@type") == model


@pytest.mark.parametrize(("domain", "prefix"), [("kvm", "52:54:00"), ("qemu", "52:54:00"), ("xen", "00:16:3e")])
@pytest.mark.parametrize("given", ["<interface/>", "<interface><mac address='RANDOM'/></interface>"])
def test_addresses_are_made_up(domain: str, prefix: str, given: str, setting_of: Make) -> None:
    setting = apply(setting_of(given * 2, domain=domain), "mac")
    found = [each.get("address", "") for each in setting.guest.root.iter("mac")]
    assert len(set(found)) == 2
    assert all(re.fullmatch(prefix + "(:[0-9a-f]{2}){3}", mac) for mac in found)


def test_an_address_that_is_given_stays(setting_of: Make) -> None:
    setting = apply(setting_of("<interface><mac address='52:54:00:00:00:01'/></interface>"), "mac")
    assert setting.guest.get("./devices/interface/mac/@address") == "52:54:00:00:00:01"

"""Check whether the host can run the guest, before its disks are created.

A usual guest needs at most three more libvirt calls, for the existence and state of its network. What libvirt itself
accepts only causes warnings. Files and bridges are only checked on this machine. `--check host=off` skips these checks.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.install.checks import device_checks
from virtprov.actions.install.checks.missing_files import check_file, check_files
from virtprov.host.inventory.lookup import similar_names
from virtprov.support.errors import HostError, nearest
from virtprov.support.text import join_words, shell_word
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.boot import Method
    from virtprov.guest.document import Guest
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.host.connection import Host

NET = "/sys/class/net"
_OFF = "or use --check host=off to skip this check"


def check(setting: RuleContext, host: Host, method: Method, made: tuple[str, ...] = ()) -> None:
    """Make all checks; raises HostError for the first failure. `made` are the paths of files that are made later."""
    check_document(setting.guest, host)
    check_kernel(method, host, made)
    _check_resources(setting)
    device_checks.check(setting)


def check_kernel(method: Method, host: Host, made: tuple[str, ...]) -> None:
    """Raise HostError if this machine has no kernel or initrd for the first boot, and none will be made."""
    if not host.is_recorded and not host.is_remote:
        for flag, where in (("--install kernel", method.kernel), ("--install initrd", method.initrd)):
            if where not in made:
                check_file(where, flag)


def check_document(guest: Guest, host: Host) -> None:
    """Check networks and, on this machine, the files that a guest needs to start. Raises HostError."""
    check_networks(guest, host)
    if not host.is_recorded and not host.is_remote:
        check_files(guest, host.driver)
        device_checks.check_features(guest)


# -- networks ------------------------------------------------------------------------------------


def check_networks(guest: Guest, host: Host) -> None:
    """Raise HostError for missing networks and bridges, and for inactive networks."""
    asked: set[str] = set()
    for nic in guest.devices("interface"):
        name = path.get(nic, "./source/@network")
        bridge = path.get(nic, "./source/@bridge")
        link = path.get(nic, "./source/@dev") if nic.get("type") == "direct" else None
        if nic.get("type") == "network" and name and name not in asked:
            _check_network(host, name)
        for where, what in ((bridge, "bridge"), (link, "network interface")):
            if where and where not in asked:
                _check_link(host, where, what)
        if bridge and tree.child(nic, "virtualport") is None:
            _check_bridge(host, bridge)
        filtered = path.get(nic, "./filterref/@filter")
        if filtered and not host.networks.has_filter(filtered):
            hint = similar_names(filtered, host.networks.filter_names) or "the host has none"
            raise HostError(
                f"--network filterref.filter={filtered}: no such filter on the host", hint=f"{hint}; {_OFF}"
            )
        asked |= {each for each in (name, bridge, link) if each}


def _check_network(host: Host, name: str) -> None:
    active = host.networks.is_active(name)
    if active:
        return
    if active is None:
        known = host.networks.names()
        hint = nearest(name, known) or (f"its networks: {', '.join(known)}" if known else _no_networks(name))
        raise HostError(f"virtual network '{name}' does not exist on the host", hint=f"{hint}; {_OFF}")
    word = shell_word(name)
    raise HostError(
        f"virtual network '{name}' is not active, so the guest could not start",
        hint=f"start it with `virsh net-start {word}` (and `virsh net-autostart {word}` to start it at boot), {_OFF}",
    )


def _no_networks(name: str) -> str:
    made = "create one with `virsh net-define`"
    if name == "default":
        made = "create it with `virsh net-define /usr/share/libvirt/networks/default.xml` and `virsh net-start default`"
    return f"the host has no networks: {made}, or use --network bridge=NAME or --network user"


def _check_link(host: Host, name: str, what: str) -> None:
    """Look for a network interface on this machine, and if it is not visible, ask libvirt."""
    if host.is_remote or host.is_recorded or os.path.exists(f"{NET}/{name}"):
        return
    if host.networks.has_interface(name):
        return
    flag = "--network" if what == "bridge" else "--network type=direct"
    known = sorted(_links(bridges=what == "bridge"))
    hint = nearest(name, known) or (f"choose from: {join_words(known)}" if known else "")
    if not hint:
        hint = "this host has none; --network default uses libvirt's own network"
    raise HostError(f"{flag}: the host has no {what} '{name}'", hint=f"{hint}, {_OFF}")


def _check_bridge(host: Host, name: str) -> None:
    """Raise HostError if `name` is an interface of this machine to which the kernel cannot add others."""
    if host.is_remote or host.is_recorded or not os.path.exists(f"{NET}/{name}"):
        return
    if not os.path.isdir(f"{NET}/{name}/bridge"):
        known = sorted(_links(bridges=True))
        choices = f"choose from: {join_words(known)}; " if known else ""
        raise HostError(
            f"--network bridge={name}: is a network interface of the host, but not a bridge",
            hint=f"{choices}use --network type=direct,source={name} for the interface itself, "
            f"virtualport.type=openvswitch for a bridge of Open vSwitch, {_OFF}",
        )


def _links(*, bridges: bool) -> list[str]:
    try:
        names = os.listdir(NET)
    except OSError:
        return []
    return [name for name in names if not bridges or os.path.isdir(f"{NET}/{name}/bridge")]


# -- processors and memory -----------------------------------------------------------------------


def _check_resources(setting: RuleContext) -> None:
    """Raise HostError for more processors than the machine type supports; warn of more memory than the host has."""
    guest, known = setting.guest, setting.domcaps
    count = guest.get("./vcpu") or "1"
    most = known.max_vcpus if known is not None and known.describes(guest.machine) else None
    if most and count.isdecimal() and int(count) > most:
        machine = f"machine type {guest.machine}" if guest.machine else f"a {guest.domain_type} guest"
        raise HostError(f"--vcpus {count}: {machine} supports at most {most} on this host", hint=f"give fewer, {_OFF}")
    wanted = guest.get("./memory") or "0"
    has = setting.capabilities.memory_kib
    if has and not setting.is_test and _kib(guest, wanted) > has:
        setting.warn(
            f"the guest gets {_kib(guest, wanted) // 1024:,} MiB of memory, but the host has only "
            f"{has // 1024:,} MiB: the guest may fail to start, or be killed when it uses the memory"
        )


def _kib(guest: Guest, text: str) -> int:
    unit = guest.get("./memory/@unit") or "KiB"
    return int(text) if text.isdecimal() and unit == "KiB" else 0

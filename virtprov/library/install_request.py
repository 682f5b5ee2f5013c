"""The guest that a program, or a command line, asks for."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from virtprov.library import texts
from virtprov.options.catalogue import IN_ORDER
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtprov.actions.request import InstallRequest
    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.guest.boot import Method
    from virtprov.guest.write.use import Use
    from virtprov.library.texts import Value
    from virtprov.osinfo.os_request import OsinfoRequest


class NewGuest(Record):
    """A guest to be created. Texts are what stands behind the flag of that name on the command line.

    name              its name; made up from the operating system when empty
    memory            in MiB, or the text of --memory
    vcpus             the number of processors, or the text of --vcpus
    osinfo            its operating system: "debian12", "generic"; empty: looked for on the media
    disks, networks, graphics
                      the uses of --disk, --network and --graphics, such as "size=20" (GiB); "none" for no such device
    options           the uses of further option groups, by the name of the group: {"rng": "/dev/urandom"}
    cdrom, pxe, import_disk
                      where the system comes from: an ISO image, the network, or the first disk, which has it already
    install           the text of --install, such as "kernel=/boot/vmlinuz,initrd=/boot/initrd"
    live              nothing is installed: the medium stays
    cloud_init        the text of --cloud-init, such as "user-data=/srv/user-data"; None for no seed
    reinstall         the name of a guest that is there, which is installed anew; all else about it stays
    os_type           "hvm", "xen" or "exe" (a container); empty: the host's usual kind
    virt_type, arch, machine
                      "kvm" and so on; empty: what suits the host
    checks            the uses of --check, such as "path_in_use=off"
    check_schema      whether options and XML are held against libvirt's schema
    autostart         whether the guest starts with its host
    transient         whether it is gone once it is off
    noreboot          whether it stays off after its installation
    wait              minutes to wait for its installation, or for cloud-init; None: not at all, negative: without end
    destroy_on_exit   whether it is stopped when the wait is over
    publish           ports of the host that lead into the guest: "8022:22"
    fix_permissions   whether QEMU's account is let into the folders of the disks
    """

    name: str = ""
    memory: int | str = ""
    vcpus: int | str = ""
    osinfo: str = ""
    disks: Value = ()
    networks: Value = ()
    graphics: Value = ()
    options: Mapping[str, Value] = MappingProxyType({})
    cdrom: str = ""
    pxe: bool = False
    import_disk: bool = False
    install: str = ""
    live: bool = False
    cloud_init: str | Sequence[str] | None = None
    reinstall: str = ""
    os_type: str = ""
    virt_type: str = ""
    arch: str = ""
    machine: str = ""
    checks: Value = ()
    check_schema: bool = True
    autostart: bool = False
    transient: bool = False
    noreboot: bool = False
    wait: float | None = None
    destroy_on_exit: bool = False
    publish: Value = ()
    fix_permissions: bool = False


def to_request(
    guest: NewGuest, osinfo: OsinfoRequest | None = None, *, printing: bool = False, dry: bool = False
) -> InstallRequest:
    """Read all that is asked for; raises UsageError for what cannot be read, or contradicts itself.

    `osinfo` is the guest's operating system where it was read already. `printing`: the guest is only shown, so it may
    stay open how its system comes in. `dry`: nothing is made.
    """
    from virtprov.actions.request import InstallRequest
    from virtprov.guest import publish

    if guest.transient and guest.autostart:
        raise UsageError(
            "--autostart contradicts --transient: such a guest is gone once it is off", hint="leave out one of the two"
        )
    uses, refused = _uses(guest)
    return InstallRequest(
        uses=uses,
        refused=refused,
        name=guest.name,
        reinstall=guest.reinstall,
        osinfo=osinfo if osinfo is not None else _system(guest.osinfo),
        method=_method(guest),
        os_type=guest.os_type,
        arch=guest.arch,
        domain_type=guest.virt_type.lower(),
        machine=guest.machine,
        seed=_seed(guest.cloud_init),
        checks=texts.parse_checks(texts.listed(guest.checks)),
        autostart=guest.autostart,
        transient=guest.transient,
        destroy_on_exit=guest.destroy_on_exit,
        noreboot=guest.noreboot,
        wait=guest.wait,
        publish=tuple(publish.parse(text) for text in texts.listed(guest.publish)),
        printing=printing,
        dry=dry,
        fix_permissions=guest.fix_permissions,
    )


def _system(text: str) -> OsinfoRequest:
    osinfo = texts.parse_osinfo(text or None)
    if osinfo.wants_list or osinfo.wants_help:
        raise UsageError(
            f"--osinfo {text}: this names no operating system",
            hint="`virtprov-install --osinfo list` lists the names",
        )
    return osinfo


def _uses(guest: NewGuest) -> tuple[tuple[Use, ...], frozenset[str]]:
    """Every use of an option group that goes into the XML, and the groups that are turned off."""
    from virtprov.guest.write import gather

    given = _by_group(guest)
    uses: list[Use] = []
    refused: set[str] = set()
    for group in IN_ORDER:
        if given.get(group):
            of_group, is_refused = gather.group_uses(group, given[group], schema=guest.check_schema)
            uses += of_group
            if is_refused:
                refused.add(group)
    return tuple(uses), frozenset(refused)


def _by_group(guest: NewGuest) -> dict[str, list[str]]:
    """The texts of every option group that has its own field, and of those in `options`."""
    given = {
        "memory": texts.listed(guest.memory),
        "vcpus": texts.listed(guest.vcpus),
        "disk": texts.listed(guest.disks),
        "network": texts.listed(guest.networks),
        "graphics": texts.listed(guest.graphics),
    }
    for group, value in guest.options.items():
        texts.check_group(group, IN_ORDER)
        given[group] = [*given.get(group, ()), *texts.listed(value)]
    return given


def _seed(value: str | Sequence[str] | None) -> SeedRequest | None:
    """What the uses of --cloud-init ask for together; None for no seed."""
    from virtprov.cloudinit.seed_request import from_options
    from virtprov.guest.write import gather

    if value is None:
        return None
    uses = texts.listed(value)
    if uses and uses[-1] == "none":
        return None
    return from_options(gather.words("cloud-init", [text for text in uses if text]))


def _method(guest: NewGuest) -> Method:
    from virtprov.guest import boot
    from virtprov.guest.write import gather

    install = gather.words("install", texts.listed(guest.install))
    check_one_way({"--cdrom": guest.cdrom, "--pxe": guest.pxe, "--import": guest.import_disk}, install)
    nothing = install.get("no_install") == "yes"
    live = guest.live or nothing
    if guest.cdrom:
        return boot.Method(boot.CDROM, guest.cdrom, live)
    if guest.pxe:
        return boot.Method(boot.PXE, live=live)
    if install.get("bootdev"):
        return boot.Method(boot.BOOTDEV, live=live, bootdev=_boot_device(install["bootdev"]))
    if install.get("kernel"):
        return boot.Method(
            boot.KERNEL, kernel=install["kernel"], initrd=install.get("initrd", ""), args=install.get("kernel_args", "")
        )
    if guest.import_disk or nothing:
        return boot.Method(boot.IMPORT)
    if install:
        raise no_trees()
    return boot.Method()


def no_trees() -> UsageError:
    """The error for a way to install that does not work yet."""
    return UsageError(
        "installing from a tree or an answer file is not in this release",
        hint="use --cdrom ISO, --pxe, --import, or --cloud-init with a cloud image",
    )


_WAYS = {
    "--import": ("os",),
    "--cdrom": ("os", "kernel", "initrd", "bootdev"),
    "--pxe": ("os", "kernel", "initrd", "bootdev"),
}
"""Words of `--install` that say where the system comes from, by the flag that says it already."""


def check_one_way(ways: Mapping[str, object], install: Mapping[str, str]) -> None:
    """Raise UsageError when several ways to install are given; `ways` are flags with their values."""
    asked = [flag for flag, value in ways.items() if value]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} exclude each other", hint="give one way to install")
    other = next((word for word in _WAYS.get(asked[0], ()) if install.get(word)), "") if asked else ""
    if other:
        words = install[other] if other == "os" else f"{other}={install[other]}"
        raise UsageError(f"{asked[0]} and --install {words} exclude each other", hint="give one way to install")


def _boot_device(word: str) -> str:
    from virtprov.options.boot import DEVICES
    from virtprov.support.errors import nearest

    if word in DEVICES:
        return word
    hint = nearest(word, DEVICES) or "there are " + ", ".join(DEVICES)
    raise UsageError(f"--install bootdev={word}: there is no such boot device", hint=hint)

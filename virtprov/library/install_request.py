"""The request for a new guest, from a program or a command line."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING

from virtprov.library import texts
from virtprov.options.catalogue import IN_ORDER
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from virtprov.actions.goals import Goals
    from virtprov.actions.request import InstallRequest
    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.guest.boot import Method
    from virtprov.guest.network.publish import Forward
    from virtprov.guest.write.use import Use
    from virtprov.images.image import ImageRequest
    from virtprov.library.texts import Value
    from virtprov.osinfo.os_request import OsinfoRequest
    from virtprov.unattended.unattended_request import UnattendedRequest


class NewGuest(Record):
    """A guest to create. Text values are those of the command line flag with the same name.

    name              its name; generated from the operating system if empty
    memory            in MiB, or the value of --memory
    vcpus             the number of processors, or the value of --vcpus
    osinfo            its operating system: "debian12", "generic"; empty: detected from the media
    disks, networks, graphics
                      the values of --disk, --network and --graphics, such as "size=20" (GiB); "none" for no such device
    options           the values of other option groups, by the name of the group: {"rng": "/dev/urandom"}
    cdrom, location, pxe, import_disk
                      how to install the system: from an ISO image, from a tree (or the kernel of an ISO image), from
                      the network, or not (the first disk has it)
    install           the value of --install, such as "kernel=/boot/vmlinuz,initrd=/boot/initrd"
    extra_args        arguments for the kernel of the installer
    initrd_inject     files to add to the initrd of the installer
    live              nothing is installed: the medium is kept
    image             a cloud image: "debian13", a URL or a path, as for --image
    image_mirror, image_keyring
                      a server for the images of profiles, and a file of keys that must have signed the image
    verify_image      whether an image is refused if its checksum is not known
    cloud_init        the value of --cloud-init, such as "user-data=/srv/user-data"; None for no seed
    unattended        the value of --unattended, "" for all defaults; None: the installer asks its questions
    hostname, user, ssh_key, password_file, timezone, package, write, run, ca_certs, proxy
                      what goes into the guest: ssh_key, package, write, run and ca_certs may be lists
    no_login          whether a guest is accepted to which nobody can log in
    ssh_config        a file of ssh's configuration that gets an entry with the guest's name and address
    reinstall         the name of an existing guest to reinstall; its configuration does not change
    os_type           "hvm", "xen" or "exe" (a container); empty: the host's default
    virt_type, arch, machine
                      such as "kvm"; empty: the best that the host offers
    checks            the values of --check, such as "path_in_use=off"
    check_schema      whether options and XML are checked against libvirt's schema
    autostart         whether the guest starts when the host boots
    transient         whether the guest is gone when it is shut off
    noreboot          whether it stays off after its installation; without an installation, it is only defined
    wait              minutes to wait for its installation, or for cloud-init; None: do not wait, negative: no limit;
                      or a text, what to wait for: "ready", "ip,run=COMMAND,timeout=5m"
    ensure            whether a guest of this name may exist: it is not changed, and `Differs` is raised if it is not as
                      described
    destroy_on_exit   whether it is stopped when the wait is over
    publish           host ports to forward to the guest: "8022:22"
    fix_permissions   whether to grant QEMU access to the directories of the disks
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
    location: str = ""
    pxe: bool = False
    import_disk: bool = False
    install: str = ""
    extra_args: Value = ()
    initrd_inject: Value = ()
    live: bool = False
    image: str = ""
    image_mirror: str = ""
    image_keyring: str = ""
    verify_image: bool = True
    cloud_init: str | Sequence[str] | None = None
    unattended: str | Sequence[str] | None = None
    hostname: str = ""
    user: str = ""
    ssh_key: Value = ()
    password_file: str = ""
    timezone: str = ""
    package: Value = ()
    write: Value = ()
    run: Value = ()
    ca_certs: Value = ()
    proxy: str = ""
    no_login: bool = False
    ssh_config: str = ""
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
    wait: float | str | Goals | None = None
    ensure: bool = False
    destroy_on_exit: bool = False
    publish: Value = ()
    fix_permissions: bool = False


def to_request(
    guest: NewGuest, osinfo: OsinfoRequest | None = None, *, printing: bool = False, dry: bool = False
) -> InstallRequest:
    """Return the request for a guest; raises UsageError for invalid or contradictory values.

    `osinfo` is the guest's operating system if it is already known. `printing`: the guest is only shown, so no
    installation method is required. `dry`: nothing is created.
    """
    from virtprov.actions.request import InstallRequest

    _check_lifetime(guest)
    (uses, refused), (wait, goals), method = _uses(guest), texts.split_wait(guest.wait), _to_method(guest)
    return InstallRequest(
        uses=uses,
        refused=refused | _refused_seed(guest),
        name=guest.name,
        reinstall=guest.reinstall,
        osinfo=osinfo if osinfo is not None else _system(guest.osinfo),
        method=method,
        os_type=guest.os_type,
        arch=guest.arch,
        domain_type=guest.virt_type.lower(),
        machine=guest.machine,
        seed=_to_seed_request(guest, method),
        unattended=_to_unattended(guest),
        ssh_config=os.path.abspath(os.path.expanduser(guest.ssh_config)) if guest.ssh_config else "",
        checks=texts.parse_checks(texts.as_list(guest.checks)),
        wait=wait,
        goals=goals,
        publish=_to_forwards(guest),
        printing=printing,
        dry=dry,
        image=_to_image(guest, uses, refused),
        **{name: getattr(guest, name) for name in _SAME},
    )


_SAME = ("no_login", "autostart", "transient", "destroy_on_exit", "noreboot", "ensure", "fix_permissions")
"""Fields that have the same names in both."""


def _to_forwards(guest: NewGuest) -> tuple[Forward, ...]:
    from virtprov.guest.network import publish

    return tuple(publish.parse(text) for text in texts.as_list(guest.publish))


def _is_answered(guest: NewGuest) -> bool:
    """Return whether the questions of an installer are answered."""
    return guest.unattended is not None and not _is_off(guest.unattended)


def _is_off(value: str | Sequence[str] | None) -> bool:
    """Return whether the last use of an option turns it off."""
    return texts.as_list(value)[-1:] == ["none"]


def _to_unattended(guest: NewGuest) -> UnattendedRequest | None:
    """Return the request for the answers of the installer; None without any. Raises UsageError for contradictions."""
    if not _is_answered(guest):
        return None
    cloud_init = guest.cloud_init is not None and not _is_off(guest.cloud_init)
    others = {"--cloud-init": cloud_init, "--reinstall": guest.reinstall, "--image": guest.image}
    for flag, is_given in others.items():
        if is_given:
            raise UsageError(f"--unattended cannot be used with {flag}", hint="omit one of them")
    from virtprov.guest.write import gather
    from virtprov.library import guest_words
    from virtprov.unattended import unattended_request as request

    words = gather.repeated_words("unattended", [text for text in texts.as_list(guest.unattended) if text])
    return request.from_options(guest_words.add_words("unattended", words, guest_words.read(guest._asdict())))


def _check_lifetime(guest: NewGuest) -> None:
    """Raise UsageError for a guest that cannot start with its host."""
    if guest.transient and guest.autostart:
        raise UsageError(
            "--autostart and --transient cannot be used together: a transient guest is gone when it is shut off",
            hint="omit one of them",
        )


def _to_method(guest: NewGuest) -> Method:
    from virtprov.library.install_method import InstallerValues, to_method

    cd, disk, files = guest.cdrom, guest.import_disk, guest.initrd_inject
    values = InstallerValues(
        cd, guest.location, guest.pxe, disk, guest.install, guest.extra_args, files, guest.live, guest.image
    )
    method = to_method(values)
    if method.place is None or not _is_answered(guest):
        return method
    return method._replace(place=method.place._replace(public_tree=True))


def _to_image(guest: NewGuest, uses: tuple[Use, ...], refused: frozenset[str]) -> ImageRequest | None:
    if not (guest.image or guest.image_mirror or guest.image_keyring) and guest.verify_image:
        return None
    from virtprov.library import image_option

    given = image_option.ImageValues(
        guest.image, guest.image_mirror, guest.image_keyring, guest.verify_image, guest.reinstall, guest.os_type
    )
    return image_option.to_image(given, uses, refused)


def _system(text: str) -> OsinfoRequest:
    osinfo = texts.parse_osinfo(text or None)
    if osinfo.wants_list or osinfo.wants_help:
        raise UsageError(
            f"--osinfo {text}: not an operating system",
            hint="`virtprov-install --osinfo list` lists the names",
        )
    return osinfo


def _uses(guest: NewGuest) -> tuple[tuple[Use, ...], frozenset[str]]:
    """Return every use of an option group that is written to the XML, and the groups that are turned off."""
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
    """Return the values of every option group with its own field, and of those in `options`."""
    given = {
        "memory": texts.as_list(guest.memory),
        "vcpus": texts.as_list(guest.vcpus),
        "disk": texts.as_list(guest.disks),
        "network": texts.as_list(guest.networks),
        "graphics": texts.as_list(guest.graphics),
    }
    for group, value in guest.options.items():
        texts.check_group(group, IN_ORDER)
        given[group] = [*given.get(group, ()), *texts.as_list(value)]
    return given


def _to_seed_request(guest: NewGuest, method: Method) -> SeedRequest | None:
    """Return the request for what goes into the guest and for all uses of --cloud-init; None for no seed.

    Without --cloud-init the seed is completed, so that the guest has a name, a login and a known host key. Raises
    UsageError for a guest that cannot take what is given.
    """
    from virtprov.guest.boot import IMPORT
    from virtprov.library import guest_words

    if _is_answered(guest):
        return None
    given = guest_words.read(guest._asdict())
    is_off = _is_off(guest.cloud_init)
    if given and (guest.reinstall or is_off or (guest.cloud_init is None and method.kind not in ("", IMPORT))):
        raise _cannot_take(next(iter(given)), guest.reinstall, is_off)
    if is_off or (guest.cloud_init is None and not given):
        return None
    strict = texts.parse_checks(texts.as_list(guest.checks)).cloud_init
    bare = {} if guest.cloud_init is None else guest_words.GENERATE
    request = guest_words.merge(given, texts.as_list(guest.cloud_init), bare=bare)
    return request._replace(strict=strict, completes=guest.cloud_init is None)


def _refused_seed(guest: NewGuest) -> frozenset[str]:
    """Return the group of --cloud-init if it is turned off."""
    return frozenset(["cloud-init"] if _is_off(guest.cloud_init) else [])


def _cannot_take(name: str, reinstall: str, is_off: bool) -> UsageError:
    """Return the error for an option that nothing would put into the guest."""
    if reinstall:
        return UsageError(f"--{name} cannot be used with --reinstall", hint="omit one of them")
    if is_off:
        return UsageError(
            f"--{name} cannot be used with --cloud-init none: it requires a cloud-init seed", hint="omit one of them"
        )
    return UsageError(
        f"--{name} cannot be used with an installer, which would ignore it",
        hint="add --unattended to answer its questions, or --cloud-init if it reads a cloud-init seed; or use a cloud "
        "image with --import",
    )

"""Requests: frozen and complete descriptions of what a command should do, independent of the command line."""

from __future__ import annotations

from virtprov.actions.goals import Goals
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.boot import Method
from virtprov.guest.network.publish import Forward
from virtprov.guest.write.use import Use
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.images.image import ImageRequest
    from virtprov.unattended.unattended_request import UnattendedRequest


class Checks(Record):
    """Which checks are made before anything is written.

    `host` asks the host whether it can run the guest. `pool_create` allows creating a missing pool. `cloud_init`
    refuses documents that nothing in the guest would read.
    """

    path_in_use: bool = True
    disk_size: bool = True
    path_exists: bool = True
    mac_in_use: bool = True
    name_in_use: bool = True
    permissions: bool = True
    pool_create: bool = False
    host: bool = True
    cloud_init: bool = True


class InstallRequest(Record):
    """A guest to create.

    `uses` are the option groups in the order of the command line, `refused` the groups turned off with `none`, `seed`
    the request of `--cloud-init` (None without one), which does not contain the guest's name yet, `image` the one of
    `--image`, whose method is IMPORT, `unattended` the one of `--unattended`. `wait` is the time in minutes to wait for
    the guest (None: do not wait, negative: no limit), `goals` what it is waited for (None: its installation, or
    cloud-init). With `ensure` it is only created if there is no guest of its name. `publish` are the ports forwarded to
    the guest, `reinstall` is the name of an existing guest. `no_login` accepts a guest to which nobody can log in,
    `ssh_config` is a file that gets an entry for the guest. With `printing` the guest is only shown, so the
    installation method is optional; with `dry` only the steps are shown.

    For programs that expect virt-install: with `stores` the pools and volumes are created even if the guest is only
    shown; with `directory_pools` the directory of a disk outside every pool becomes a pool; with `until_off` a guest
    with a seed is waited for until it is off or reboots, and not until cloud-init is done.
    """

    uses: tuple[Use, ...] = ()
    refused: frozenset[str] = frozenset()
    name: str = ""
    reinstall: str = ""
    osinfo: OsinfoRequest = OsinfoRequest()
    method: Method = Method()
    os_type: str = ""
    arch: str = ""
    domain_type: str = ""
    machine: str = ""
    seed: SeedRequest | None = None
    unattended: UnattendedRequest | None = None
    no_login: bool = False
    ssh_config: str = ""
    checks: Checks = Checks()
    autostart: bool = False
    transient: bool = False
    destroy_on_exit: bool = False
    noreboot: bool = False
    wait: float | None = None
    goals: Goals | None = None
    ensure: bool = False
    publish: tuple[Forward, ...] = ()
    printing: bool = False
    dry: bool = False
    fix_permissions: bool = False
    stores: bool = False
    directory_pools: bool = False
    until_off: bool = False
    image: ImageRequest | None = None


class DiskChoice(Record):
    """What the user wants for one disk of a clone.

    `target` is the disk's name in the guest (`vda`), or "all". Its copy goes to the volume pool `pool` or to `path`, in
    `format`; "" is the default for each. None for the others means that nothing is said: `linked` makes a layer on top
    of the original's disk instead of a copy, `skip` and `share` use the original's disk itself.
    """

    target: str
    pool: str = ""
    path: str = ""
    format: str = ""
    linked: bool | None = None
    skip: bool | None = None
    share: bool | None = None


class CloneRequest(Record):
    """A clone to create.

    `original` is the name of a guest of the host, or `document` is its XML. `files` are paths for the copied disks in
    their order, `macs` are addresses for its interfaces, `force` and `skip` are target names of disks (`vda`).
    `choices` are for single disks, `pool` is the pool for the copies of all others. `linked` puts thin images on top of
    the disks of a template instead of copies; `make_template` makes the original one. `identity` is what happens to the
    identity inside the guest: "new", "keep", or "" to choose. `seed` is the request of `--cloud-init`, `--hostname` and
    `--ssh-key` (None without one); `cloud_init` tells whether the first is given. `wait` and `goals` are as for an
    installation. With `planning` the clone is only shown. With `directory_pools` the directory of a copy outside every
    pool becomes a pool.
    """

    original: str = ""
    document: bytes = b""
    name: str = ""
    uuid: str = ""
    auto: bool = False
    files: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    force: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    choices: tuple[DiskChoice, ...] = ()
    pool: str = ""
    preserve: bool = False
    nvram: str = ""
    replace: bool = False
    reflink: bool = False
    linked: bool = False
    make_template: bool = False
    sparse: bool = True
    checks: Checks = Checks()
    identity: str = ""
    seed: SeedRequest | None = None
    cloud_init: bool = False
    start: bool = False
    wait: float | None = None
    goals: Goals | None = None
    planning: bool = False
    directory_pools: bool = False


class RemoveRequest(Record):
    """Guests to remove, each by name, UUID or id.

    `keep_disks` keeps their disks, `with_disks` are paths of disks outside of all pools that are removed as well.
    `force_off` stops running guests at once; otherwise they are asked to shut down, and have `wait` minutes (negative:
    no limit).
    """

    guests: tuple[str, ...] = ()
    keep_disks: bool = False
    with_disks: tuple[str, ...] = ()
    force_off: bool = False
    wait: float = 2.0

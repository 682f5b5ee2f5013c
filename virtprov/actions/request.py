"""What a command was asked to do: frozen, complete, with nothing of the command line's spelling left."""

from __future__ import annotations

from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.boot import Method
from virtprov.guest.publish import Forward
from virtprov.guest.write.use import Use
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.support.frozen import Record


class Checks(Record):
    """Which checks are made before anything is written; `pool_create` lets a missing pool be made instead.

    `host` asks the host whether it can run the guest.
    """

    path_in_use: bool = True
    disk_size: bool = True
    path_exists: bool = True
    mac_in_use: bool = True
    name_in_use: bool = True
    permissions: bool = True
    pool_create: bool = False
    host: bool = True


class InstallRequest(Record):
    """A guest to be made.

    `uses` are the option groups in the order of the command line, `refused` the groups turned off with `none`,
    `seed` what `--cloud-init` asks for (None: nothing), still without the guest's name, `wait` how many minutes to
    wait for the guest (None: not at all, negative: as long as it takes), `publish` the ports that lead into it,
    `reinstall` the name of a guest that is there. `printing` says that the guest is only to be shown, so how
    its system comes in may stay open; `dry` that the steps are.
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
    checks: Checks = Checks()
    autostart: bool = False
    transient: bool = False
    destroy_on_exit: bool = False
    noreboot: bool = False
    wait: float | None = None
    publish: tuple[Forward, ...] = ()
    printing: bool = False
    dry: bool = False
    fix_permissions: bool = False


class CloneRequest(Record):
    """A copy to be made.

    `original` names a guest of the host, or `document` is its XML. `files` are paths for the copied disks in
    order, `macs` addresses for its interfaces, `force` and `skip` targets of disks (`vda`).
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
    preserve: bool = False
    nvram: str = ""
    replace: bool = False
    reflink: bool = False
    sparse: bool = True
    checks: Checks = Checks()

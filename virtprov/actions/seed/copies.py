"""The cloud-init seed of the copy of a guest, which makes a machine of its own of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.seed import attach, login, replace
from virtprov.actions.seed.attach import Seed
from virtprov.actions.steps.seed_volumes import WriteSeed, WriteSeedFile
from virtprov.cloudinit.checks import power_state
from virtprov.cloudinit.documents import new_instance_id
from virtprov.cloudinit.seed_request import KEEP, SeedRequest
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.marks import cloud_mark
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.osinfo.profile import Profile


class CopySeed(Record):
    """The seed of a copy, its drive and path, and what its meta-data say ("" if the seed was only planned).

    `host_key` is the public part of the ssh host key that the copy gets; "" if it makes its own.
    """

    seed: Seed
    target: str
    path: str
    instance_id: str
    hostname: str
    host_key: str = ""


def plan_for_copy(
    guest: Guest, original: str, host: HostView, request: SeedRequest, *, starts: bool, build: bool
) -> CopySeed:
    """Give the copy of the guest `original` a seed with a new instance-id, in place of the original's.

    `stays` is the definition without the seed; both documents are as they come from the tree. A copy that is started
    is told by its serial number where the seed is. Raises the errors of `replace.plan_seed`.
    """
    profile = replace.find_setting(guest, host).profile
    system = attach.system_family(profile)
    wanted = request._replace(guest_name=guest.name, instance_id=new_instance_id(), system=system)
    marked = guest.copy()
    cloud_mark.mark(marked, profile)
    stays, first = marked.copy(), marked
    for drive in replace.find_any_seeds(stays, original):
        replace.clear(drive)
    setting = replace.find_setting(first, host)
    pool, volume, where, makings = attach.choose_place(setting, guest.name)
    drive = replace.put_in_drive(setting, where, replace.find_any_seeds(first, original))
    password, instance_id, hostname, power, built = "", "", wanted.hostname, None, None
    host_key = ""
    if build:
        wanted = _with_host_key(wanted, profile, host)
        host_key = wanted.host_key.public if wanted.host_key is not None else ""
        data, built = attach.build_image(wanted)
        password, warnings = built.root_password or "", built.warnings
        instance_id, hostname = built.instance_id, built.hostname
        power = power_state.read(built.documents["user-data"])
    else:
        data, warnings = b"", attach.check_documents(wanted)
    if starts:
        attach.write_serial(first, built)
    passing = starts and wanted.keep != KEEP
    device, target = tree.to_text(tree.copy(drive)), path.text(drive, "./target/@dev")
    first_boot, later = DomainDocument.of(first), DomainDocument.of(stays)
    write = WriteSeed(pool, volume, data, passing) if pool else WriteSeedFile(where, data, passing)
    steps = (*makings, write)
    seed = Seed(pool, volume, device, wanted.keep, steps, first_boot, later, password, warnings, power)
    return CopySeed(seed, target, where, instance_id, hostname, host_key)


def _with_host_key(wanted: SeedRequest, profile: Profile, host: HostView) -> SeedRequest:
    """Give the copy an ssh host key that is known before it boots, if its system takes one from a seed."""
    if not login.takes_host_key(wanted, profile, host):
        return wanted
    from virtprov.support.logins import ssh_key

    return wanted._replace(host_key=ssh_key.generate())

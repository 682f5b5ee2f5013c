"""What libvirt keeps for the original besides its definition, and what that means for copies of its disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks import snapshot_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.actions.clone.disks import DiskCopies
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host


def warn_of_states(host: Host, source: Guest, copies: DiskCopies) -> Iterator[str]:
    """Yield a warning for disks that the original will write to again, and for images that it may change."""
    if host.guests.kept_states(source.uuid).saved:
        yield (
            f"'{source.name}' has a saved state (`virsh managedsave`), so its disks are as after a power failure; for "
            "a clean copy, start it, shut it down, and clone it again"
        )
    images = snapshot_files.read(host, host.guests.snapshots(source.uuid)).images if copies.bases else ()
    for target, base in copies.bases:
        if base in images:
            yield (
                f"the copy of {target} is based on {base}, which '{source.name}' had before an external snapshot: "
                f"merging or deleting that snapshot would damage the clone; --copy {target},format=raw makes a copy "
                "that does not depend on it"
            )

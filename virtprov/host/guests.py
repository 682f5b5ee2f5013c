"""Changing guests and networks on a host."""

from __future__ import annotations

import re
from typing import Any

import libvirt

from virtprov.host.failures import MISSING, NotThere, asking, code_of
from virtprov.host.info import GuestInfo
from virtprov.host.storage import Storage
from virtprov.xml import path
from virtprov.xml.tree import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Writing(Storage):
    """The calls that change guests. A guest is named as in `guest`; each raises HostError, NotThere if missing."""

    # -- coming and going -------------------------------------------------------------------------------

    def define_guest(self, xml: str) -> GuestInfo:
        """Store a guest's document, new or in place of the one with its UUID.

        Raises Taken when another guest has the name.
        """
        with asking(f"define the guest '{_name(xml)}'"):
            domain = self._conn.defineXML(xml)
        return self._guest_info(domain)

    def create_guest(self, xml: str) -> GuestInfo:
        """Start a guest from a document without storing it: when it powers off, it is gone.

        A stored guest of that UUID keeps its stored document.
        """
        with asking(f"start the guest '{_name(xml)}'"):
            domain = self._conn.createXML(xml, 0)
        return self._guest_info(domain)

    def start_guest(self, key: str) -> None:
        """Start a stored guest; a saved state is resumed. Raises NotNow when it runs already."""
        domain = self._domain(key)
        with asking(f"start the guest '{key}'"):
            domain.create()

    def shutdown_guest(self, key: str) -> None:
        """Ask the guest to power off; returns at once, whether it listens or not."""
        domain = self._domain(key)
        with asking(f"shut down the guest '{key}'"):
            domain.shutdown()

    def destroy_guest(self, key: str) -> bool:
        """Cut the guest's power; False when it was off (or gone) already."""
        domain = self._find_domain(key)
        try:
            with asking(f"power off the guest '{key}'"):
                if domain is None or not domain.isActive():
                    return False
                domain.destroy()
        except NotThere:
            return False
        return True

    def set_autostart(self, key: str, on: bool) -> None:
        """Whether the guest starts with the host."""
        domain = self._domain(key)
        with asking(f"set autostart of the guest '{key}'"):
            domain.setAutostart(int(on))

    def undefine_guest(self, key: str, *, nvram: bool | None = True, tpm: bool | None = None) -> bool:
        """Forget a stored guest; a running one becomes transient. False when there is none.

        Its saved state goes as well, and what is stored about its snapshots and checkpoints (not their disks).

        `nvram` and `tpm`: True removes the UEFI variables or the TPM's state, False keeps them, None leaves it to
        libvirt (which refuses a guest with NVRAM). What a driver or an older libvirt has no flag for is left out: it
        has no such thing, or has it done anyway.
        """
        domain = self._find_domain(key)
        if domain is None:
            return False
        names = {
            "NVRAM": nvram is True,
            "KEEP_NVRAM": nvram is False,
            "TPM": tpm is True,
            "KEEP_TPM": tpm is False,
            "MANAGED_SAVE": True,
            "SNAPSHOTS_METADATA": True,
            "CHECKPOINTS_METADATA": True,
        }
        flags = sum(getattr(libvirt, f"VIR_DOMAIN_UNDEFINE_{name}", 0) for name, on in names.items() if on)
        with asking(f"undefine the guest '{key}'"):
            try:
                with_known_flags(domain.undefineFlags, flags)
            except libvirt.libvirtError as error:
                if code_of(error) not in MISSING:
                    raise
                return False
        return True

    def rename_guest(self, key: str, name: str) -> None:
        """Give a stored guest that is off another name; its snapshots go with it, and whether it starts with the host.

        Raises NotNow for what it has that libvirt cannot rename (a saved state), NotSupported, Taken.
        """
        domain = self._domain(key)
        with asking(f"rename the guest '{key}' to '{name}'"):
            domain.rename(name, 0)

    def drop_saved_state(self, key: str) -> bool:
        """Remove the state that a guest was saved in, so that it starts anew; False when there is none."""
        domain = self._domain(key)
        with asking(f"remove the saved state of the guest '{key}'"):
            try:
                if not domain.hasManagedSaveImage(0):
                    return False
                domain.managedSaveRemove(0)
            except libvirt.libvirtError as error:
                if code_of(error) == libvirt.VIR_ERR_NO_SUPPORT:
                    return False
                raise
        return True

    # -- devices ----------------------------------------------------------------------------------------

    def attach_device(self, key: str, xml: str) -> None:
        """Add a device to the running guest; its definition stays as it is."""
        domain = self._domain(key)
        with asking(f"attach the {_what(xml)} to the guest '{key}'"):
            domain.attachDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def update_device(self, key: str, xml: str) -> None:
        """Change a device of the running guest: the medium of a CD-ROM, a link's state, a graphics password ..."""
        domain = self._domain(key)
        with asking(f"update the {_what(xml)} of the guest '{key}'"):
            domain.updateDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def detach_device(self, key: str, xml: str) -> None:
        """Take a device out of the running guest. It may need its time, or refuse: see Watch.wait_device_gone."""
        domain = self._domain(key)
        with asking(f"detach the {_what(xml)} from the guest '{key}'"):
            domain.detachDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_LIVE)


def with_known_flags(call: Callable[[int], Any], flags: int) -> None:
    """Call with the flags; those that the driver says it does not know are left out and it is called again.

    libvirt reports them as "unsupported flags (0x4) in function ...", code VIR_ERR_INVALID_ARG.
    """
    while True:
        try:
            call(flags)
            return
        except libvirt.libvirtError as error:
            found = re.search(r"\(0x([0-9a-f]+)\)", error.get_error_message() or "")
            unknown = int(found[1], 16) & flags if found else 0
            if code_of(error) != libvirt.VIR_ERR_INVALID_ARG or not unknown:
                raise
            flags &= ~unknown


def _name(xml: str) -> str:
    return path.text(parse(xml, "the guest's document"), "./name")


def _what(xml: str) -> str:
    return str(parse(xml, "the device's document").tag)

"""Changing guests and networks on a host."""

from __future__ import annotations

import re
from typing import Any

import libvirt

from virtprov.host.failures import MISSING, NotThere, asking, code_of
from virtprov.host.info import GuestInfo
from virtprov.host.storage import Storage
from virtprov.host.tuning import affect
from virtprov.xml.tree import find_text, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Writing(Storage):
    """The calls that change guests. A guest is named as in `guest`; each raises HostError, NotThere if missing."""

    # -- coming and going -------------------------------------------------------------------------------

    def define_guest(self, xml: str, *, validate: bool = False) -> GuestInfo:
        """Store a guest's document, new or in place of the one with its UUID.

        `validate` checks it against libvirt's schema first. Raises Taken when another guest has the name.
        """
        flags = libvirt.VIR_DOMAIN_DEFINE_VALIDATE if validate else 0
        with asking(f"define the guest '{_name(xml)}'"):
            domain = self._conn.defineXMLFlags(xml, flags) if flags else self._conn.defineXML(xml)
        return self._guest_info(domain)

    def create_guest(self, xml: str, *, paused: bool = False, autodestroy: bool = False) -> GuestInfo:
        """Start a guest from a document without storing it: when it powers off, it is gone.

        A stored guest of that UUID keeps its stored document. `autodestroy` ends it with this connection.
        """
        flags = _start_flags(paused=paused, autodestroy=autodestroy)
        with asking(f"start the guest '{_name(xml)}'"):
            domain = self._conn.createXML(xml, flags)
        return self._guest_info(domain)

    def start_guest(
        self, key: str, *, paused: bool = False, autodestroy: bool = False, reset_nvram: bool = False
    ) -> None:
        """Start a stored guest; a saved state is resumed. Raises NotNow when it runs already.

        `reset_nvram` lays its UEFI variables anew from the template (libvirt 8.1).
        """
        flags = _start_flags(paused=paused, autodestroy=autodestroy, reset_nvram=reset_nvram)
        domain = self._domain(key)
        with asking(f"start the guest '{key}'"):
            domain.createWithFlags(flags) if flags else domain.create()

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

    def suspend_guest(self, key: str) -> None:
        """Hold the guest's processors."""
        domain = self._domain(key)
        with asking(f"pause the guest '{key}'"):
            domain.suspend()

    def resume_guest(self, key: str) -> None:
        """Let a paused guest run on."""
        domain = self._domain(key)
        with asking(f"resume the guest '{key}'"):
            domain.resume()

    def reboot_guest(self, key: str) -> None:
        """Ask the guest to restart."""
        domain = self._domain(key)
        with asking(f"reboot the guest '{key}'"):
            domain.reboot(0)

    def set_autostart(self, key: str, on: bool) -> None:
        """Whether the guest starts with the host."""
        domain = self._domain(key)
        with asking(f"set autostart of the guest '{key}'"):
            domain.setAutostart(int(on))

    def undefine_guest(
        self,
        key: str,
        *,
        nvram: bool | None = True,
        tpm: bool | None = None,
        managed_save: bool = True,
        snapshots: bool = True,
        checkpoints: bool = True,
    ) -> bool:
        """Forget a stored guest; a running one becomes transient. False when there is none.

        `nvram` and `tpm`: True removes the UEFI variables or the TPM's state, False keeps them, None leaves it to
        libvirt (which refuses a guest with NVRAM). `managed_save` removes a saved state, `snapshots` and
        `checkpoints` what is stored about them (not their disks). What a driver or an older libvirt has no flag
        for is left out: it has no such thing, or has it done anyway.
        """
        domain = self._find_domain(key)
        if domain is None:
            return False
        names = {
            "NVRAM": nvram is True,
            "KEEP_NVRAM": nvram is False,
            "TPM": tpm is True,
            "KEEP_TPM": tpm is False,
            "MANAGED_SAVE": managed_save,
            "SNAPSHOTS_METADATA": snapshots,
            "CHECKPOINTS_METADATA": checkpoints,
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

    def attach_device(self, key: str, xml: str, *, live: bool = True, config: bool = False) -> None:
        """Add a device to the running guest (`live`), to the stored one (`config`), or to both."""
        domain = self._domain(key)
        with asking(f"attach the {_what(xml)} to the guest '{key}'"):
            domain.attachDeviceFlags(xml, affect(live, config))

    def update_device(
        self, key: str, xml: str, *, live: bool = True, config: bool = False, force: bool = False
    ) -> None:
        """Change a device: the medium of a CD-ROM, a link's state, a graphics password ...

        `force` opens a tray that the guest has locked.
        """
        domain = self._domain(key)
        flags = affect(live, config) | (libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE if force else 0)
        with asking(f"update the {_what(xml)} of the guest '{key}'"):
            domain.updateDeviceFlags(xml, flags)

    def detach_device(self, key: str, xml: str, *, live: bool = True, config: bool = False) -> None:
        """Take a device out. A running guest may need its time, or refuse: see Watch.wait_device_gone."""
        domain = self._domain(key)
        with asking(f"detach the {_what(xml)} from the guest '{key}'"):
            domain.detachDeviceFlags(xml, affect(live, config))

    # -- networks ---------------------------------------------------------------------------------------

    def start_network(self, name: str) -> None:
        """Start a virtual network that is off."""
        with asking(f"start the network '{name}'"):
            self._conn.networkLookupByName(name).create()

    def stop_network(self, name: str) -> None:
        """Stop a virtual network; it stays defined."""
        with asking(f"stop the network '{name}'"):
            self._conn.networkLookupByName(name).destroy()


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


def _start_flags(*, paused: bool, autodestroy: bool, reset_nvram: bool = False) -> int:
    flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
    flags |= libvirt.VIR_DOMAIN_START_AUTODESTROY if autodestroy else 0
    flags |= libvirt.VIR_DOMAIN_START_RESET_NVRAM if reset_nvram else 0
    return int(flags)


def _name(xml: str) -> str:
    return find_text(parse(xml, "the guest's document"), "name")


def _what(xml: str) -> str:
    return str(parse(xml, "the device's document").tag)

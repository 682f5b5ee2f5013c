"""Which option groups there are, and where their tables stand; a table is read when it is first asked for."""

from __future__ import annotations

from virtprov.options.model import Table

_MODULES = {
    "disk": "disk",
    "network": "network",
    "filesystem": "filesystem",
    "serial": "chardev",
    "parallel": "chardev",
    "channel": "chardev",
    "console": "chardev",
    "smartcard": "chardev",
    "redirdev": "chardev",
    "rng": "rng",
    "graphics": "graphics",
    "video": "graphics",
    "controller": "devices",
    "input": "devices",
    "hostdev": "devices",
    "sound": "devices",
    "audio": "devices",
    "watchdog": "devices",
    "memballoon": "devices",
    "tpm": "tpm",
    "panic": "devices",
    "shmem": "memdev",
    "memdev": "memdev",
    "vsock": "memdev",
    "iommu": "memdev",
    "pstore": "memdev",
    "cpu": "cpu",
    "vcpus": "vcpus",
    "memory": "memory",
    "memorybacking": "memory",
    "memtune": "tune",
    "blkiotune": "tune",
    "cputune": "tune",
    "numatune": "tune",
    "iothreads": "tune",
    "resource": "tune",
    "boot": "boot",
    "idmap": "boot",
    "features": "features",
    "clock": "clock",
    "pm": "clock",
    "events": "clock",
    "metadata": "metadata",
    "sysinfo": "metadata",
    "seclabel": "security",
    "keywrap": "security",
    "launchSecurity": "security",
    "qemu-commandline": "security",
    "xml": "security",
    "cloud-init": "installer",
    "install": "installer",
    "location": "installer",
    "unattended": "installer",
    "osinfo": "installer",
    "check": "installer",
    "convert-to-q35": "convert",
    "convert-to-vnc": "convert",
}

GROUPS = tuple(_MODULES)

REFUSABLE = frozenset(
    "disk network filesystem serial parallel channel console smartcard redirdev rng graphics video controller input"
    " hostdev sound audio watchdog tpm panic shmem memdev vsock iommu pstore".split()
)
"""Groups of which the lone word `none` means that the guest gets no such device; their tables say so as well."""



def says_none(group: str, text: str) -> bool:
    """Whether the value is the lone word `none`: the user wants no such device, not even the default one.

    Told without reading the group's table, which such a guest has no other use for.
    """
    return group in REFUSABLE and text.strip().rstrip(",") == "none"


_loaded: dict[str, Table] = {}


def table(group: str) -> Table:
    """The table of an option group, by the name of its flag without the dashes."""
    if group not in _loaded:
        module = __import__(f"virtprov.options.{_MODULES[group]}", fromlist=["TABLES"])
        for made in module.TABLES:
            _loaded[made.flag] = made
    return _loaded[group]

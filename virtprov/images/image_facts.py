"""What is known about the system in an image. Every command that makes a guest loads this file."""

from __future__ import annotations

from virtprov.support.frozen import Record

IGNITION, COMBUSTION = "ignition", "combustion"
"""The programs that configure an image and do not read a cloud-init seed."""

BIOS, UEFI = "bios", "uefi"


class ImageFacts(Record):
    """What is known about the system in an image; "" and () where it is not known.

    `os` is the short id of its profile, `default_user` the login that its first boot makes, `cpu_floor` the least
    processor that it starts on ("x86-64-v3"), `firmware` the only firmware that boots it (BIOS or UEFI), `seeds` the
    kinds of seeds that it reads, best first, `configured_by` the program that configures it, `ready_port` the TCP port
    that answers when the guest is ready (0: that of ssh or unknown).
    """

    os: str = ""
    default_user: str = ""
    cpu_floor: str = ""
    firmware: str = ""
    seeds: tuple[str, ...] = ()
    configured_by: str = ""
    ready_port: int = 0


NO_FACTS = ImageFacts()

"""Guest: a guest's XML tree, its properties and its devices."""

from __future__ import annotations

import math

from virtprov.support.errors import XmlError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

X86 = ("x86_64", "i686", "i586", "i386")
TOPOLOGY = ("sockets", "dies", "clusters", "cores", "threads")
OS_ID = "./metadata/libosinfo:libosinfo/libosinfo:os/@id"
"""Where a guest says which operating system it has: a libosinfo id, as virt-install writes it."""


class Guest:
    """A guest's definition. All its data is in `root`, a `<domain>` element."""

    __slots__ = ("root",)

    def __init__(self, root: Element) -> None:
        self.root = root

    @classmethod
    def new(cls, domain_type: str) -> Guest:
        """Create an empty guest of this type (`kvm`, `qemu`, `xen` ...)."""
        return cls(tree.element("domain", None, {"type": domain_type}))

    @classmethod
    def parse(cls, text: str | bytes, what: str = "the XML") -> Guest:
        """Parse a guest; `what` describes the source in errors. Raises XmlError if it is not a <domain>."""
        root = tree.parse(text, what)
        if root.tag != "domain" and tree.local_name(root) == "domain":
            raise XmlError(
                f"{what} has a <domain> element in a namespace, which libvirt does not know as a guest",
                hint="remove xmlns= or the prefix from <domain>; namespaces are for parts of <metadata> and <qemu:...>",
            )
        if root.tag != "domain":
            raise XmlError(
                f"{what} has a <{tree.local_name(root)}> element instead of <domain>",
                hint="give the XML of a guest, as printed by `virsh dumpxml GUEST`",
            )
        return cls(root)

    def text(self) -> str:
        """Return the XML as text."""
        return tree.to_text(self.root)

    def copy(self) -> Guest:
        """Return an independent copy of the guest."""
        return Guest(tree.copy(self.root))

    # -- places -----------------------------------------------------------------------------------

    def get(self, where: str) -> str:
        """Return the text or attribute at a path; "" if it does not exist."""
        return path.text(self.root, where)

    def put(self, where: str, text: str | None) -> None:
        """Write a value at a path; None removes it."""
        path.put(self.root, where, text)

    def has(self, where: str) -> bool:
        """Return whether the element or attribute exists."""
        element = path.find(self.root, where)
        if element is None:
            return False
        attribute = path.parse(where)[1]
        return not attribute or attribute in element.attrib

    def ensure(self, where: str) -> Element:
        """Return the element at a path; it is created if missing."""
        return path.ensure(self.root, where)

    # -- devices ----------------------------------------------------------------------------------

    def devices(self, tag: str | None = None) -> list[Element]:
        """Return the guest's devices, all or those with this tag."""
        box = tree.child(self.root, "devices")
        return [] if box is None else tree.children(box, tag)

    def add_device(self, node: Element | str, **attrs: str) -> Element:
        """Add a device (an element, or a tag with its attributes) and return it."""
        element = tree.element(node, None, attrs) if isinstance(node, str) else node
        return tree.add(self.ensure("./devices"), element)

    def disks(self, device: str | None = None) -> list[Element]:
        """Return the disks, all or those of one device type (`disk`, `cdrom`, `floppy`, `lun`)."""
        return [disk for disk in self.devices("disk") if device is None or disk.get("device", "disk") == device]

    # -- its processors ----------------------------------------------------------------------------

    def count_in_topology(self) -> int | None:
        """Return how many processors the CPU topology has: its parts multiplied; a missing part counts as one.

        None without a topology, and if a part is not a number.
        """
        words = [self.get(f"./cpu/topology/@{name}") for name in TOPOLOGY]
        if not self.has("./cpu/topology") or not all(len(word) < 10 and (word or "1").isdecimal() for word in words):
            return None
        return math.prod(int(word or 1) for word in words)

    def complete_topology(self, rest: int) -> None:
        """Write the parts of the CPU topology that are missing: the first as `rest`, the others as one.

        libvirt requires all three of them.
        """
        for name in ("cores", "sockets", "threads"):
            if not self.get(f"./cpu/topology/@{name}"):
                self.put(f"./cpu/topology/@{name}", str(rest))
                rest = 1

    # -- what it is -------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The guest's name; "" if it has none yet."""
        return self.get("./name")

    @property
    def uuid(self) -> str:
        """The guest's UUID; "" if it has none yet."""
        return self.get("./uuid")

    @property
    def domain_type(self) -> str:
        """`kvm`, `qemu`, `hvf`, `xen`, `lxc`, `test` ..."""
        return self.root.get("type", "")

    @property
    def os_type(self) -> str:
        """`hvm`, `xen` (paravirt), `exe` (container) ..."""
        return self.get("./os/type")

    @property
    def arch(self) -> str:
        """The guest's architecture, under libvirt's name."""
        return self.get("./os/type/@arch")

    @property
    def machine(self) -> str:
        """The machine type; "" for the host's default."""
        return self.get("./os/type/@machine")

    @property
    def is_container(self) -> bool:
        """Whether this is a container of LXC or Virtuozzo."""
        return self.os_type == "exe"

    @property
    def is_hvm(self) -> bool:
        """Whether this is a full virtual machine."""
        return self.os_type == "hvm"

    @property
    def is_xen_pv(self) -> bool:
        """Whether this is a paravirtual Xen guest, PV or PVH: without emulated devices."""
        return self.os_type in ("xen", "linux", "xenpvh")

    @property
    def is_x86(self) -> bool:
        """Whether this is a 32 or 64 bit x86 guest."""
        return self.arch in X86

    @property
    def is_q35(self) -> bool:
        """Whether this is an x86 guest with a q35 machine type."""
        return self.is_x86 and "q35" in self.machine

    @property
    def is_arm(self) -> bool:
        """Whether this is a 32 or 64 bit ARM guest."""
        return self.arch in ("armv6l", "armv7l", "aarch64")

    @property
    def is_arm_virt(self) -> bool:
        """Whether this is an ARM guest with the `virt` machine type."""
        return self.is_arm and self.machine.startswith("virt")

    @property
    def is_pseries(self) -> bool:
        """Whether this is a guest with IBM's `pseries` machine type."""
        return self.arch.startswith("ppc64") and "pseries" in self.machine

    @property
    def is_s390x(self) -> bool:
        """Whether this is an IBM Z guest."""
        return self.arch == "s390x"

    @property
    def is_riscv_virt(self) -> bool:
        """Whether this is a RISC-V guest with the `virt` machine type."""
        return self.arch.startswith("riscv") and self.machine.startswith("virt")

    @property
    def is_loongarch(self) -> bool:
        """Whether this is a 64 bit LoongArch guest."""
        return self.arch == "loongarch64"

    @property
    def is_virtio_only(self) -> bool:
        """Whether the machine only has virtio devices, whatever the operating system."""
        return self.is_s390x or self.is_pseries or self.is_riscv_virt or self.is_loongarch

    @property
    def takes_virtio(self) -> bool:
        """Whether virtio devices can simply be added to the machine."""
        return self.is_x86 or self.is_arm_virt or self.is_virtio_only

    @property
    def has_pcie(self) -> bool:
        """Whether the root bus of the machine is PCI Express."""
        return self.is_q35 or self.is_arm_virt or self.is_riscv_virt or self.is_loongarch

    @property
    def is_uefi(self) -> bool:
        """Whether the guest boots with UEFI, selected by libvirt or by its loader."""
        return (
            self.get("./os/@firmware") == "efi" or self.get("./os/loader/@type") == "pflash" or self.has("./os/nvram")
        )


class DomainDocument(Record):
    """A guest's definition that is finished: the guest, and the text that was read or that a host gets.

    Whoever needs both passes this on, so that no text is parsed again. The guest must not be changed any more.
    """

    guest: Guest
    text: str

    @classmethod
    def parse(cls, text: str, what: str = "the XML") -> DomainDocument:
        """Read a text; `what` names it in errors. Raises XmlError when it is no domain XML."""
        return cls(Guest.parse(text, what), text)

    @classmethod
    def of(cls, guest: Guest) -> DomainDocument:
        """The document that a guest comes to, as it is now."""
        return cls(guest, guest.text())

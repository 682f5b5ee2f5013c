"""Guest over one XML tree: what it is, its devices, adding and taking out."""

from __future__ import annotations

from virtprov.support.errors import XmlError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

X86 = ("x86_64", "i686", "i586", "i386")


class Guest:
    """A guest's definition. All that is known of it is in `root`, a `<domain>` element."""

    __slots__ = ("root",)

    def __init__(self, root: Element) -> None:
        self.root = root

    @classmethod
    def new(cls, domain_type: str) -> Guest:
        """An empty guest of this type (`kvm`, `qemu`, `xen` ...)."""
        return cls(tree.element("domain", None, {"type": domain_type}))

    @classmethod
    def parse(cls, text: str | bytes, what: str = "the XML") -> Guest:
        """Read a guest; `what` names the source in errors. Raises XmlError when it is no domain XML."""
        root = tree.parse(text, what)
        if root.tag != "domain":
            raise XmlError(
                f"{what} is a <{tree.local_name(root)}> document, not a <domain>",
                hint="give the XML of a guest, as `virsh dumpxml GUEST` prints it",
            )
        return cls(root)

    def text(self) -> str:
        """The document as text."""
        return tree.to_text(self.root)

    def copy(self) -> Guest:
        """A guest of its own with the same content."""
        return Guest(tree.copy(self.root))

    # -- places -----------------------------------------------------------------------------------

    def get(self, where: str) -> str:
        """The text or attribute at a path; "" when it is not there."""
        return path.text(self.root, where)

    def put(self, where: str, text: str | None) -> None:
        """Write a value at a path; None takes it out."""
        path.put(self.root, where, text)

    def has(self, where: str) -> bool:
        """Whether the element (or its attribute) is there."""
        found = path.find(self.root, where)
        if found is None:
            return False
        attribute = path.parse(where)[1]
        return not attribute or attribute in found.attrib

    def ensure(self, where: str) -> Element:
        """The element at a path, made when it is missing."""
        return path.ensure(self.root, where)

    # -- devices ----------------------------------------------------------------------------------

    def devices(self, tag: str | None = None) -> list[Element]:
        """The guest's devices, all or those with this tag."""
        box = tree.child(self.root, "devices")
        return [] if box is None else tree.children(box, tag)

    def add_device(self, node: Element | str, **attrs: str) -> Element:
        """Add a device (an element, or a tag with its attributes) and return it."""
        made = tree.element(node, None, attrs) if isinstance(node, str) else node
        return tree.add(self.ensure("./devices"), made)

    def disks(self, device: str | None = None) -> list[Element]:
        """The disks, all or those of one device kind (`disk`, `cdrom`, `floppy`, `lun`)."""
        return [disk for disk in self.devices("disk") if device is None or disk.get("device", "disk") == device]

    # -- what it is -------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The guest's name; "" while it has none."""
        return self.get("./name")

    @property
    def uuid(self) -> str:
        """The guest's UUID; "" while it has none."""
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
        """The guest's architecture as libvirt names it."""
        return self.get("./os/type/@arch")

    @property
    def machine(self) -> str:
        """The machine type; "" when it is left to the host."""
        return self.get("./os/type/@machine")

    @property
    def is_container(self) -> bool:
        """A container of LXC or Virtuozzo."""
        return self.os_type == "exe"

    @property
    def is_hvm(self) -> bool:
        """A full machine."""
        return self.os_type == "hvm"

    @property
    def is_xen_pv(self) -> bool:
        """A paravirtual guest of Xen."""
        return self.os_type in ("xen", "linux")

    @property
    def is_x86(self) -> bool:
        """32 or 64 bit x86."""
        return self.arch in X86

    @property
    def is_q35(self) -> bool:
        """An x86 machine of the q35 family."""
        return self.is_x86 and "q35" in self.machine

    @property
    def is_arm(self) -> bool:
        """32 or 64 bit ARM."""
        return self.arch in ("armv6l", "armv7l", "aarch64")

    @property
    def is_arm_virt(self) -> bool:
        """ARM's `virt` machine."""
        return self.is_arm and self.machine.startswith("virt")

    @property
    def is_pseries(self) -> bool:
        """IBM's `pseries` machine."""
        return self.arch.startswith("ppc64") and "pseries" in self.machine

    @property
    def is_s390x(self) -> bool:
        """IBM Z."""
        return self.arch == "s390x"

    @property
    def is_riscv_virt(self) -> bool:
        """RISC-V's `virt` machine."""
        return self.arch.startswith("riscv") and self.machine.startswith("virt")

    @property
    def is_loongarch(self) -> bool:
        """64 bit LoongArch."""
        return self.arch == "loongarch64"

    @property
    def is_virtio_only(self) -> bool:
        """Machines on which every device is virtio, whatever the operating system."""
        return self.is_s390x or self.is_pseries or self.is_riscv_virt or self.is_loongarch

    @property
    def takes_virtio(self) -> bool:
        """Machines that virtio devices can be put into without further ado."""
        return self.is_x86 or self.is_arm_virt or self.is_virtio_only

    @property
    def has_pcie(self) -> bool:
        """Machines whose root bus is PCI Express."""
        return self.is_q35 or self.is_arm_virt or self.is_riscv_virt or self.is_loongarch

    @property
    def is_uefi(self) -> bool:
        """The guest boots through UEFI, chosen by libvirt or by a loader of that kind."""
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

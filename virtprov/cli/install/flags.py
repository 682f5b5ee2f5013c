"""Every flag of virtprov-install, grouped as in its help."""

from __future__ import annotations

from virtprov.cli import compat, parser
from virtprov.cli.install import legacy
from virtprov.library.texts import parse_wait
from virtprov.options.catalogue import BOOTING, DEVICES, GENERAL, GUEST, help_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cli.parser import Parser, Target

_USAGE = "%(prog)s --osinfo NAME --memory MIB --disk ... INSTALL [options]"
_DESCRIPTION = "Create a guest from an installer, an existing disk or a cloud image."


def install_parser() -> Parser:
    """The parser of virtprov-install.

    Values of option groups are lists of raw text under the group's name (`-` as `_`), but for `osinfo`, `install`,
    `image`, `location`, `unattended` and `cloud_init`, of which the last one counts: text, or None when not given.
    Hand what it parses to `legacy.apply` before anything else.
    """
    command = parser.parser("virtprov-install", usage=_USAGE, description=_DESCRIPTION)
    general = command.add_argument_group("general options")
    general.add_argument("-n", "--name", metavar="NAME", help="name of the guest")
    parser.add_groups(general, GENERAL)
    _add_installation(command, command.add_argument_group("installation options"))
    _add_inside(command, command.add_argument_group("options for the inside of a cloud image"))
    parser.add_osinfo(command.add_argument_group("operating system options"))
    devices = command.add_argument_group("device options")
    parser.add_groups(devices, DEVICES, bare=("sound",))
    parser.add_groups(command.add_argument_group("guest configuration options"), GUEST)
    command.add_fresh(
        devices,
        "--publish",
        action="append",
        default=[],
        metavar="PORT:PORT",
        help="forward a host port to the guest: [ADDRESS:]8022:22",
    )
    _add_platform(command.add_argument_group("virtualization platform options"))
    misc = command.add_argument_group("miscellaneous options")
    _add_misc(misc)
    _add_own(command, misc)
    parser.add_check(misc)
    command.add_fresh(
        misc,
        "--fix-permissions",
        action="store_true",
        help="grant QEMU access to the directories of the disks",
    )
    parser.add_schema(command, misc)
    parser.add_talk(command, misc)
    legacy.add_flags(command.add_argument_group("old flags"))
    return command


def _add_own(parser: Parser, misc: Target) -> None:
    """Add the flags that virt-install does not have."""
    parser.add_fresh(misc, "--explain", action="store_true", help="explain each part of the XML; create nothing")
    parser.add_fresh(misc, "--ensure", action="store_true", help="do nothing if the guest exists and is as described")
    parser.add_fresh(misc, "--info", metavar="GUEST", help="show state, addresses, login and disks of a guest")
    parser.add_fresh(misc, "--identify", nargs="+", metavar="MEDIUM", help="show what is on ISOs, trees and images")
    parser.add_fresh(misc, "--doctor", action="store_true", help="show what the host can do, and what it lacks")
    parser.add_fresh(misc, "--record-host", metavar="DIR", help="save a host's capabilities, to use without the host")
    parser.add_fresh(
        misc, "--json-schema", nargs="?", const="", metavar="NAME", help="print the JSON schema NAME, or list them"
    )
    parser.add_fresh(misc, "--shims", metavar="DIR", help="create links named virt-install, ... in DIR")
    parser.add_fresh(misc, "--clean-up", action="store_true", help="remove what interrupted runs have left")
    if not compat.held.removes_nothing:
        _add_removal(parser, parser.add_argument_group("options to remove guests"))
    parser.add_fresh(misc, "--yes", action="store_true", help="do not ask for confirmation")


def _add_removal(parser: Parser, group: Target) -> None:
    add = parser.add_fresh
    add(
        group, "--remove", nargs="+", action="extend", metavar="GUEST", help="remove guests with their disks, seeds ..."
    )
    add(group, "--keep-disks", action="store_true", help="keep the disks")
    add(
        group,
        "--with-disk",
        action="append",
        default=[],
        metavar="PATH",
        help="also remove this disk, which is in no pool",
    )
    add(group, "--force-off", action="store_true", help="power off a running guest; do not shut it down")


def _add_installation(command: Parser, group: Target) -> None:
    add = group.add_argument
    add("--cdrom", "-c", metavar="MEDIUM", help="install from a CD: an ISO image, a device, a URL")
    add("-l", "--location", metavar="TREE", help=help_line("location"))
    add("--pxe", action="store_true", help="install over the network, with PXE")
    add("--import", dest="import_disk", action="store_true", help="skip installation, boot the first disk as it is")
    add("-x", "--extra-args", action="append", default=[], metavar="ARGS", help="kernel arguments for --location")
    add("--initrd-inject", action="append", default=[], metavar="FILE", help="add a file to the initrd of --location")
    add("--unattended", nargs="?", const="", metavar="...", help=help_line("unattended"))
    add("--install", metavar="...", help=help_line("install"))
    add("--reinstall", metavar="GUEST", help="reinstall a guest; keep its configuration")
    add("--cloud-init", nargs="?", const="", metavar="...", help=help_line("cloud-init"))
    parser.add_groups(group, BOOTING)
    _add_image(command, group)


def _add_image(parser: Parser, group: Target) -> None:
    """Add the flags of cloud images, which virt-install does not have."""
    parser.add_fresh(group, "--image", metavar="...", help=help_line("image"))
    parser.add_fresh(group, "--image-mirror", default="", metavar="URL", help="server to use for the images of --image")
    parser.add_fresh(group, "--image-keyring", default="", metavar="FILE", help="keys that must have signed the image")
    parser.add_fresh(
        group,
        "--image-cache",
        choices=("list", "prune"),
        metavar="ACTION",
        help="list cached images, or prune unused ones",
    )
    parser.add_fresh(group, "--no-verify", action="store_true", help="accept an image without a known checksum")


def _add_inside(command: Parser, group: Target) -> None:
    parser.add_words(command, group)
    command.add_fresh(group, "--no-login", action="store_true", help="accept that nobody can log in")
    parser.add_ssh_config(command, group)
    command.add_fresh(group, "--seed-dump", action="store_true", help="print the seed or answer files; create nothing")


def _add_platform(group: Target) -> None:
    kinds = group.add_mutually_exclusive_group()
    for flags, kind, text in (
        (("-v", "--hvm"), "hvm", "full virtualization"),
        (("-p", "--paravirt"), "xen", "paravirtualization"),
        (("--container",), "exe", "a container"),
    ):
        kinds.add_argument(*flags, dest="os_type", action="store_const", const=kind, default="", help=text)
    group.add_argument("--virt-type", default="", metavar="TYPE", help="kvm, qemu, xen, lxc ...")
    group.add_argument("--arch", default="", metavar="ARCH", help="processor architecture: x86_64, aarch64 ...")
    group.add_argument("--machine", default="", metavar="MACHINE", help="machine type: q35, virt, pseries ...")


def _add_misc(group: Target) -> None:
    add = group.add_argument
    add("--autostart", action="store_true", help="start the guest when the host boots")
    add("--transient", action="store_true", help="create a guest that is gone when it is shut off")
    add("--destroy-on-exit", action="store_true", help="stop the guest when its console is closed")
    add(
        "--wait",
        nargs="?",
        type=parse_wait,
        const=-1.0,
        metavar="WHAT",
        help="time to wait (30, 90s), or what to wait for: ready",
    )
    add(
        "--autoconsole",
        choices=("text", "graphical", "none", "default"),
        default="default",
        metavar="KIND",
        help="console to open: text, graphical, none, default",
    )
    add("--noautoconsole", dest="autoconsole", action="store_const", const="none", help="do not open a console")
    add("--noreboot", action="store_true", help="leave the guest off after its installation")
    add(
        "--print-xml",
        nargs="?",
        const="all",
        choices=("1", "2", "all"),
        metavar="STEP",
        help="print XML and create nothing; step 1, 2 or all",
    )
    add("--dry-run", action="store_true", help="check everything and create nothing")

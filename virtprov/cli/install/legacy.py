"""Old flags, converted to option groups.

The flags are not shown in the help, and virt-install accepts all of them. Values are appended to their sub-option
unchanged, including commas: `--file /a.img,bus=scsi` works there, and here.
"""

from __future__ import annotations

import argparse

from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cli.parser import Target

TEXTS = {
    "ram": ("-r", "--ram"),
    "uuid": ("-u", "--uuid"),
    "description": ("--description",),
    "keymap": ("-k", "--keymap"),
    "vncport": ("--vncport",),
    "vnclisten": ("--vnclisten",),
    "cpuset": ("--cpuset",),
    "init": ("--init",),
    "os_type_hint": ("--os-type",),
    "print_xml": ("--print-step",),
    "test_media_detection": ("--test-media-detection",),
    "test_stub_command": ("--test-stub-command",),
}
"""Flags with a value, by the attribute that stores it."""

LISTS = {
    "file": ("-f", "--file"),
    "file_size": ("-s", "--file-size"),
    "bridge": ("-b", "--bridge"),
    "mac": ("-m", "--mac"),
}
"""Flags with a value that can be repeated; the Nth values of each pair belong together."""

SWITCHES = {
    "nonsparse": "--nonsparse",
    "nodisks": "--nodisks",
    "nonetworks": "--nonetworks",
    "vnc": "--vnc",
    "sdl": "--sdl",
    "nographics": "--nographics",
    "noapic": "--noapic",
    "noacpi": "--noacpi",
    "livecd": "--livecd",
    "force": "--force",
    "accelerate": "--accelerate",
    "check_cpu": "--check-cpu",
    "prompt": "--prompt",
}

TEMPLATES = (
    ("ram", "memory", "{}"),
    ("uuid", "metadata", "uuid={}"),
    ("description", "metadata", 'description="{}"'),
    ("noapic", "features", "apic=off"),
    ("noacpi", "features", "acpi=off"),
    ("init", "boot", "init={}"),
    ("force", "check", "all=off"),
)
"""Old flag -> group and value; what is given with the group itself comes later and wins."""

HOLLOW = {
    "prompt": ("--prompt", "virtprov never asks for missing options"),
    "os_type_hint": ("--os-type", "--osinfo is sufficient"),
    "check_cpu": ("--check-cpu", "the number of processors is never compared with the host"),
    "accelerate": ("--accelerate", "KVM is always used if the host offers it"),
}
"""Flags without effect, and the reason."""

_DRIVERS = ("qemu", "xen", "lxc", "test", "vz", "bhyve", "ch", "esx", "vpx", "hyperv", "vbox", "openvz", "recorded")


def add_flags(target: Target) -> None:
    """Add every old flag, hidden."""
    add = target.add_argument
    for name, flags in TEXTS.items():
        choices = ("1", "2", "all") if name == "print_xml" else None
        add(*flags, dest=name, choices=choices, help=argparse.SUPPRESS)
    for name, flags in LISTS.items():
        add(*flags, dest=name, action="append", default=[], help=argparse.SUPPRESS)
    for name, flag in SWITCHES.items():
        add(flag, dest=name, action="store_true", help=argparse.SUPPRESS)


def apply(args: argparse.Namespace) -> list[str]:
    """Convert the old flags to values of the option groups in `args`; returns warnings for the user.

    `livecd`, `test_media_detection` and `test_stub_command` are not changed. Raises UsageError for contradictions
    between old and new flags.
    """
    _check_connection(args)
    for name in ("memory", "metadata", "features", "boot", "check", "disk", "network", "graphics", "vcpus"):
        setattr(args, name, list(getattr(args, name)))
    _templates(args)
    _disks(args)
    _networks(args)
    _graphics(args)
    if args.cpuset is not None:
        args.vcpus.append(f"cpuset={args.cpuset}")
    return [f"{flag} has no effect: {reason}" for name, (flag, reason) in HOLLOW.items() if getattr(args, name)]


def _check_connection(args: argparse.Namespace) -> None:
    scheme = (args.cdrom or "").partition("://")[0].partition("+")[0]
    if "://" in (args.cdrom or "") and scheme in _DRIVERS:
        raise UsageError(
            f"the CD-ROM medium {args.cdrom} is a hypervisor URI",
            hint="-c means --cdrom; use --connect for the hypervisor",
        )


def _templates(args: argparse.Namespace) -> None:
    for name, group, template in reversed(TEMPLATES):
        value = getattr(args, name)
        if value in (None, False) or (name == "ram" and args.memory):
            continue
        if name == "description":
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        getattr(args, group).insert(0, template.format(value))


def _disks(args: argparse.Namespace) -> None:
    old = args.file or args.file_size
    if args.nodisks:
        if old or args.disk:
            raise UsageError("--nodisks cannot be combined with storage options", hint="omit one of them")
        args.disk.append("none")
    elif (old or args.nonsparse) and args.disk:
        raise UsageError(
            "--file, --file-size and --nonsparse cannot be combined with --disk",
            hint="use --disk PATH,size=GIB,sparse=no",
        )
    for at in range(max(len(args.file), len(args.file_size))):
        words = [f"path={args.file[at]}"] if at < len(args.file) else []
        if at < len(args.file_size):
            words.append(f"size={args.file_size[at]}")
        if args.nonsparse:
            words.append("sparse=no")
        args.disk.append(",".join(words))


def _networks(args: argparse.Namespace) -> None:
    if args.bridge and (args.network or args.nonetworks):
        raise UsageError("--bridge cannot be combined with --network or --nonetworks", hint="use --network bridge=NAME")
    if args.nonetworks:
        if args.mac:
            raise UsageError("--mac and --nonetworks cannot be used together", hint="omit one of them")
        args.network[:] = ["none"]
    args.network += [f"bridge={name}" for name in args.bridge]
    for at, mac in enumerate(args.mac):
        if at == len(args.network):
            args.network.append(f"mac={mac}")
        else:
            args.network[at] += f",mac={mac}"


def _graphics(args: argparse.Namespace) -> None:
    kinds = [f"--{name}" for name in ("vnc", "sdl", "nographics") if getattr(args, name)]
    details = [f"--{name}" for name in ("vncport", "vnclisten", "keymap") if getattr(args, name) is not None]
    if args.graphics and kinds + details:
        raise UsageError(
            f"{(kinds + details)[0]} cannot be combined with --graphics",
            hint="use --graphics vnc,port=PORT,listen=ADDRESS,keymap=NAME",
        )
    if len(kinds) > 1:
        raise UsageError(f"{kinds[0]} and {kinds[1]} cannot be used together", hint="omit one of them")
    if args.nographics:
        args.graphics.append("none")
    elif kinds:
        words = ["vnc" if args.vnc else "sdl"]
        for name, value in (("port", args.vncport), ("listen", args.vnclisten), ("keymap", args.keymap)):
            if value is not None:
                words.append(f"{name}={value}")
        args.graphics.append(",".join(words))

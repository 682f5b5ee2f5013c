"""From the command line of virtprov-install to requests: what the guest is to be, and how the command goes on."""

from __future__ import annotations

from virtprov.cli import answers, parser
from virtprov.guest.write import gather
from virtprov.options.catalogue import BOOTING, DEVICES, GENERAL, GUEST
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.request import InstallRequest
    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.guest.boot import Method
    from virtprov.guest.write.use import Use
    from virtprov.osinfo.os_request import OsinfoRequest

XML_GROUPS = (*BOOTING, *GENERAL, *GUEST, *DEVICES)


class RunRequest(Record):
    """What the command does with the guest that is asked for.

    `uri` is the connection (None: libvirt's choice), `explain` the flags as they were typed, by what they write
    (None: nothing is to be explained), `print_xml` which documents are printed ("1", "2", "all"; "" for none),
    `quiet` whether even warnings that are always wanted are not, `console` the kind of console to be opened.
    """

    uri: str | None
    explain: dict[str, str] | None
    print_xml: str
    dry: bool
    check_schema: bool
    quiet: bool
    console: str


def to_run_request(args: Namespace) -> RunRequest:
    """How the command goes on."""
    typed = None
    if args.explain:
        from virtprov.cli.install import explain

        typed = explain.typed_flags(args)
    return RunRequest(
        args.connect, typed, args.print_xml or "", args.dry_run, not args.no_schema_check, args.quiet, args.autoconsole
    )


def to_request(args: Namespace, osinfo: OsinfoRequest) -> InstallRequest:
    """Turn the parsed command line into a request; raises UsageError for what contradicts itself."""
    from virtprov.actions.request import InstallRequest
    from virtprov.guest import publish

    if args.transient and args.autostart:
        raise UsageError(
            "--autostart contradicts --transient: such a guest is gone once it is off", hint="leave out one of the two"
        )
    uses, refused = _uses(args)
    return InstallRequest(
        uses=uses,
        refused=refused,
        name=args.name or "",
        reinstall=args.reinstall or "",
        osinfo=osinfo,
        method=_method(args),
        os_type=args.os_type,
        arch=args.arch,
        domain_type=args.virt_type.lower(),
        machine=args.machine,
        seed=_seed(parser.texts(args, "cloud-init")),
        checks=answers.checks(parser.texts(args, "check")),
        autostart=args.autostart,
        transient=args.transient,
        destroy_on_exit=args.destroy_on_exit,
        noreboot=args.noreboot,
        wait=args.wait,
        publish=tuple(publish.parse(text) for text in args.publish),
        printing=args.print_xml is not None or args.explain,
        dry=args.dry_run,
        fix_permissions=args.fix_permissions,
    )


def _uses(args: Namespace) -> tuple[tuple[Use, ...], frozenset[str]]:
    """Every use of an option group that goes into the XML, and the groups that are turned off."""
    uses: list[Use] = []
    refused: set[str] = set()
    for group in XML_GROUPS:
        texts = parser.texts(args, group)
        if texts:
            found, is_refused = gather.group_uses(group, texts, schema=not args.no_schema_check)
            uses += found
            if is_refused:
                refused.add(group)
    return tuple(uses), frozenset(refused)


def _seed(texts: list[str]) -> SeedRequest | None:
    """What the uses of --cloud-init ask for together; None for no seed."""
    from virtprov.cloudinit.seed_request import from_options

    if not texts or texts[-1] == "none":
        return None
    return from_options(gather.words("cloud-init", [text for text in texts if text]))


def _method(args: Namespace) -> Method:
    from virtprov.guest import boot

    install = gather.words("install", parser.texts(args, "install"))
    _refuse_mixtures(args, install)
    nothing = install.get("no_install") == "yes"
    live = args.livecd or nothing
    if args.cdrom:
        return boot.Method(boot.CDROM, args.cdrom, live)
    if args.pxe:
        return boot.Method(boot.PXE, live=live)
    if install.get("bootdev"):
        return boot.Method(boot.BOOTDEV, live=live, bootdev=_boot_device(install["bootdev"]))
    if install.get("kernel"):
        return boot.Method(
            boot.KERNEL, kernel=install["kernel"], initrd=install.get("initrd", ""), args=install.get("kernel_args", "")
        )
    if args.import_disk or nothing:
        return boot.Method(boot.IMPORT)
    if args.location or install:
        raise UsageError(
            "installing from a tree or an answer file is not in this release",
            hint="use --cdrom ISO, --pxe, --import, or --cloud-init with a cloud image",
        )
    return boot.Method()


_WAYS = {
    "--import": ("os",),
    "--cdrom": ("os", "kernel", "initrd", "bootdev"),
    "--pxe": ("os", "kernel", "initrd", "bootdev"),
}
"""Words of `--install` that say where the system comes from, by the flag that says it already."""


def _refuse_mixtures(args: Namespace, install: dict[str, str]) -> None:
    """Raise UsageError for ways to install that exclude each other, and for words that go with another one."""
    asked = [
        name
        for name, given in (
            ("--cdrom", args.cdrom),
            ("--location", args.location),
            ("--pxe", args.pxe),
            ("--import", args.import_disk),
        )
        if given
    ]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} exclude each other", hint="give one way to install")
    ways = _WAYS.get(asked[0], ()) if asked else ()
    other = next((word for word in ways if install.get(word)), "")
    if other:
        words = install[other] if other == "os" else f"{other}={install[other]}"
        raise UsageError(f"{asked[0]} and --install {words} exclude each other", hint="give one way to install")
    if args.extra_args and not args.location:
        raise UsageError("--extra-args goes with --location only", hint="a CD or a disk boots its own kernel")
    if args.initrd_inject and not args.location:
        raise UsageError("--initrd-inject goes with --location only", hint="it changes the installer's initrd")
    unattended = parser.texts(args, "unattended")
    if unattended and unattended[-1] != "none":
        raise UsageError(
            "answering an installer's questions (--unattended) is not in this release",
            hint="use a cloud image with --cloud-init, or answer the installer by hand",
        )


def _boot_device(word: str) -> str:
    from virtprov.options.boot import DEVICES
    from virtprov.support.errors import nearest

    if word in DEVICES:
        return word
    hint = nearest(word, DEVICES) or "there are " + ", ".join(DEVICES)
    raise UsageError(f"--install bootdev={word}: there is no such boot device", hint=hint)

"""From the command line of virtprov-install to requests: the guest, and what the command does with it."""

from __future__ import annotations

from virtprov.cli import compat, parser
from virtprov.options.catalogue import IN_ORDER
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.request import InstallRequest
    from virtprov.library.install_request import NewGuest
    from virtprov.osinfo.os_request import OsinfoRequest


class RunRequest(Record):
    """What the command does with the requested guest.

    `uri` is the connection (None: libvirt's default), `explain` are the flags as they were typed, by what they write
    (None without --explain), `print_xml` tells which XML is printed ("1", "2", "all"; "" for none), `quiet` also omits
    warnings that are otherwise always printed, `console` is the kind of console to open. With `seed_dump` only the
    seed is printed.
    """

    uri: str | None
    explain: dict[str, str] | None
    print_xml: str
    dry: bool
    check_schema: bool
    quiet: bool
    console: str
    seed_dump: bool = False


def to_run_request(args: Namespace) -> RunRequest:
    """Return what the command does with the guest."""
    typed = None
    if args.explain:
        from virtprov.cli.install import explain

        typed = explain.typed_flags(args)
    from virtprov.library.texts import split_wait

    named = split_wait(args.wait)[1] is not None
    console = "none" if named and args.autoconsole == "default" else args.autoconsole  # nobody has to close one then
    return RunRequest(
        args.connect,
        typed,
        args.print_xml or "",
        args.dry_run,
        not args.no_schema_check,
        args.quiet,
        console,
        args.seed_dump,
    )


def to_request(args: Namespace, osinfo: OsinfoRequest) -> InstallRequest:
    """Turn the parsed command line into a request; raises UsageError for contradictions."""
    from virtprov.library import install_request

    printing = args.print_xml is not None or args.explain
    request = install_request.to_request(new_guest(args), osinfo, printing=printing, dry=args.dry_run)
    held = compat.held
    return request._replace(
        stores=held.print_xml_creates, directory_pools=held.directory_pools, until_off=held.waits_until_off
    )


def new_guest(args: Namespace) -> NewGuest:
    """The guest as the library is asked for it; its system, which is read already, is left out."""
    from virtprov.library.install_request import NewGuest

    return NewGuest(
        name=args.name or "",
        options={group: texts for group in IN_ORDER if (texts := parser.texts(args, group))},
        cdrom=args.cdrom or "",
        location=next(iter(parser.texts(args, "location")), ""),
        pxe=args.pxe,
        import_disk=args.import_disk,
        install=next(iter(parser.texts(args, "install")), ""),
        extra_args=args.extra_args,
        initrd_inject=args.initrd_inject,
        live=args.livecd,
        image=args.image or "",
        image_mirror=args.image_mirror,
        image_keyring=args.image_keyring,
        verify_image=not args.no_verify,
        cloud_init=parser.texts(args, "cloud-init") or None,
        unattended=parser.texts(args, "unattended") or None,
        **parser.words(args),
        no_login=args.no_login,
        ssh_config=args.ssh_config,
        reinstall=args.reinstall or "",
        os_type=args.os_type,
        virt_type=args.virt_type,
        arch=args.arch,
        machine=args.machine,
        checks=parser.texts(args, "check"),
        check_schema=not args.no_schema_check,
        autostart=args.autostart,
        transient=args.transient,
        noreboot=args.noreboot,
        wait=args.wait,
        ensure=args.ensure,
        destroy_on_exit=args.destroy_on_exit,
        publish=args.publish,
        fix_permissions=args.fix_permissions,
    )

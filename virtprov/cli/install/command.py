"""virtprov-install: the command line, what it prints, how it ends."""

from __future__ import annotations

import sys

from virtprov.cli import answers, parser, streams
from virtprov.cli.install import flags, legacy
from virtprov.cli.output import Output
from virtprov.guest.write import gather
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from virtprov.actions.install.draft import InstallPlan
    from virtprov.actions.request import InstallRequest
    from virtprov.actions.run.plan import World
    from virtprov.guest.boot import Method
    from virtprov.guest.write.use import Use
    from virtprov.host.connection import Host
    from virtprov.osinfo.os_request import OsinfoRequest

XML_GROUPS = (*parser.BOOTING, *parser.GENERAL, *parser.GUEST, *parser.DEVICES)
GROUPS = (*XML_GROUPS, "cloud-init", "install", "location", "unattended", "check")


def build_parser() -> ArgumentParser:
    """The parser of virtprov-install."""
    return flags.install_parser()


def main(argv: list[str]) -> int:
    """Run virtprov-install; returns the exit status, raises ProvError."""
    args = build_parser().parse_args(argv)
    output = Output(json=args.output == "json", quiet=args.quiet or args.explain or args.print_xml is not None)
    for sentence in legacy.apply(args):
        output.warn(sentence)
    if answers.unready(args, output):
        return 1
    if answers.help_of_groups(args, GROUPS, output):
        return 0
    if args.identify:
        return _identify(args.identify, output)
    osinfo = answers.osinfo(args.osinfo)
    if answers.osinfo_words(osinfo, output):
        return 0
    if args.record_host:
        return _record(args, output)
    if args.clean_up:
        from virtprov.cli.install import clean_up

        return clean_up.main(args, output)
    if args.yes:
        raise UsageError("--yes goes with --clean-up only", hint="nothing else is asked")
    if args.wait == 0:
        output.warn("--wait 0 is taken for --noautoconsole: nothing is waited for")
        args.wait, args.autoconsole = None, "none"
    request = to_request(args, osinfo)
    return _run(args, request, output)


# -- what needs no guest --------------------------------------------------------------------------


def _identify(media: list[str], output: Output) -> int:
    from virtprov.cli.install import identify_text as identify_words
    from virtprov.osinfo.identify import identify

    warnings: list[str] = []
    found = identify(media, warnings)
    for sentence in warnings:
        output.warn(sentence)
    if output.json:
        import json

        streams.exactly(json.dumps([each.as_json() for each in found], indent=1) + "\n")
    else:
        for each in found:
            output.result(identify_words.line(each))
    return 0 if not any(each.error for each in found) else 1


def _record(args: Namespace, output: Output) -> int:
    from virtprov.host.connection import connect
    from virtprov.host.recording.write import record

    with connect(args.connect) as host:
        for sentence in record(host, args.record_host):
            output.warn(sentence)
        output.summary(f"{host.uri} is recorded in {args.record_host}")
        output.object({"uri": host.uri, "recorded": args.record_host})
    return 0


# -- the request ----------------------------------------------------------------------------------


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
        cloud_init=_cloud_init(args),
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


def _cloud_init(args: Namespace) -> dict[str, str | None] | None:
    texts = parser.texts(args, "cloud-init")
    if not texts or texts[-1] == "none":
        return None
    return dict(gather.words("cloud-init", [text for text in texts if text]))


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


# -- running --------------------------------------------------------------------------------------


def _run(args: Namespace, request: InstallRequest, output: Output) -> int:
    from virtprov.actions import schema_check
    from virtprov.host.connection import connect

    if args.explain:
        return _explain(args, request, output)
    with connect(args.connect, events=bool(request.wait)) as host:
        for sentence in schema_check.check_values(request.uses, host):
            output.warn(sentence)
        made = _plan(request, host)
        output.tell_plan(made.plan)
        if made.taken:
            output.warn(made.taken, always=not args.quiet)
        if args.print_xml is not None:
            return _print(made, args.print_xml, host, output)
        if not args.no_schema_check:
            for sentence in schema_check.check_documents(made.plan.documents, host):
                output.warn(sentence)
        if args.dry_run:
            from virtprov.cli import dry_run

            dry_run.tell(made.plan.steps, output)
            output.object(_facts(made, host))
            return 0
        return _make(args, request, made, host, output)


def _plan(request: InstallRequest, host: Host) -> InstallPlan:
    if request.reinstall:
        from virtprov.actions.install import reinstall

        return reinstall.plan(request, host)
    from virtprov.actions.install import draft

    return draft.plan(request, host)


def _explain(args: Namespace, request: InstallRequest, output: Output) -> int:
    from virtprov.actions.install import draft
    from virtprov.cli.install import explain
    from virtprov.host.connection import connect

    if request.reinstall:
        raise UsageError("--explain tells of new guests, and --reinstall makes none", hint="leave out one of the two")
    ledger = explain.ledger(args, request)
    with connect(args.connect) as host:
        plan = draft.plan(request, host, ledger).plan
    output.tell_plan(plan)
    facts = ledger.facts()
    output.result("\n".join(explain.lines(facts)))
    output.object({"name": plan.name, "facts": [fact._asdict() for fact in facts]})
    return 0


def _facts(made: InstallPlan, host: Host) -> dict[str, object]:
    """What --output json says of a guest: the same keys, whether it is made or only planned."""
    return {
        "name": made.plan.name,
        "uuid": made.uuid,
        "created": False,
        "state": "",
        "uri": host.uri,
        "macs": list(made.macs),
        "volumes": list(made.volumes),
        "root_password": None,
        "steps": [step.label for step in made.plan.steps],
        "documents": [],
    }


def _print(made: InstallPlan, which: str, host: Host, output: Output) -> int:
    documents = made.plan.documents
    if which != "all":
        if int(which) > len(documents):
            raise UsageError(
                f"--print-xml {which}: this guest is installed in one step", hint="say --print-xml alone, or 1"
            )
        documents = (documents[int(which) - 1],)
    output.document("".join(documents))
    output.object({**_facts(made, host), "documents": list(documents)})
    return 0


def _make(args: Namespace, request: InstallRequest, made: InstallPlan, host: Host, output: Output) -> int:
    from virtprov.actions.run.again import apply_with_free_names
    from virtprov.actions.run.plan import apply
    from virtprov.cli.leftover_notice import tell

    world = output.world(host)
    if world.trail.writes:
        tell(output)

    def do(planned: InstallPlan) -> None:
        nonlocal world
        world = world if planned is made else output.world(host)
        apply(planned.plan, world)

    replan = None if request.name or request.reinstall else lambda: _plan(request, host)
    made = apply_with_free_names(made, replan, do, output.say)
    password = made.seed.password if made.seed is not None else ""
    if password:
        output.password(f"Password for root's first login: {password}")
    try:
        state = _waited(args, request, made, world, output)
    except BaseException:
        if password and output.json:  # there will be no object that could carry it
            sys.stderr.write(f"Password for root's first login: {password}\n")
        raise
    world.trail.finish_waiting(host)
    if state == "ready":
        from virtprov.actions.install.addresses import missing

        sentence = missing(host, made.plan.name, made.plan.documents[-1])
        if sentence:
            output.warn(sentence)
    output.summary(_SENTENCES[state].format(name=made.plan.name))
    output.object({**_facts(made, host), "created": True, "state": state, "root_password": password or None})
    return 0


def _waited(args: Namespace, request: InstallRequest, made: InstallPlan, world: World, output: Output) -> str:
    """As `_follow`; a user who does not want to wait any more is told what becomes of the guest."""
    try:
        return _follow(args, request, made, world, output)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(_left_behind(made, world)) from stop


def _left_behind(made: InstallPlan, world: World) -> str:
    from virtprov.actions.install.finish import leave
    from virtprov.support.errors import ProvError

    try:
        sentence = leave(made, world)
        world.trail.finish_waiting(world.host)
    except ProvError as problem:
        return f"the guest '{made.plan.name}' is left as it is; its host does not say how: {problem.message}"
    return sentence


def _follow(args: Namespace, request: InstallRequest, made: InstallPlan, world: World, output: Output) -> str:
    """Show the guest's console and wait for it, as asked; returns its state."""
    from virtprov.actions.install.finish import OFF, finish
    from virtprov.cli.install import attach_console

    name, host = made.plan.name, world.host
    # ends with what is open
    ends = request.destroy_on_exit and (args.autoconsole != attach_console.NONE or bool(request.wait))
    try:
        if not (host.driver == "test" or host.is_recorded):  # nothing runs there
            kind = attach_console.choose(args.autoconsole, made, attach_console.means(), output)
            if request.wait is None and attach_console.waits(args.autoconsole, kind, made):
                output.say(f"Waiting until '{name}' is off, as with --wait; --noautoconsole leaves at once")
                request = request._replace(wait=-1.0)
            if kind != attach_console.NONE:
                attach_console.attach(kind, name, host, output)
        state = finish(request, made, world)
    finally:
        if ends:
            host.destroy_guest(name)
    return OFF if ends else state


_SENTENCES = {
    "created": "The guest '{name}' is created and running.",
    "installing": "The guest '{name}' is running its installation; it is complete when it powers off.",
    "ready": "The guest '{name}' is running and cloud-init is done.",
    "off": "The guest '{name}' is off.",
}

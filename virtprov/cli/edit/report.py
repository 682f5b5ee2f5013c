"""virtprov-xml: what is said of an edit, in words and as JSON."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Mapping

    from virtprov.actions.edit.changes import EditRequest
    from virtprov.actions.edit.journal import Journal
    from virtprov.actions.edit.outcome import Edited, Wanted
    from virtprov.actions.live.effects import Effect
    from virtprov.actions.run.plan import Step, World
    from virtprov.cli.output import Output
    from virtprov.host.connection import Host

DIFFERS = 10
"""The status of --verify when something is not as asked."""


def plane(args: Namespace) -> str:
    """The flag that asks for a change of the running guest, without its dashes; "" when none does."""
    return next((name for name in ("update", "live", "both") if getattr(args, name)), "")


def wanted(args: Namespace, *, printed: bool = False) -> Wanted:
    """What the flags want to become of an edit; `printed` says that it is of no guest, so nothing is stored unasked."""
    from virtprov.actions.edit.outcome import Wanted

    update = bool(plane(args))
    if args.verify:
        return Wanted(define=not args.live, update=update, lenient=args.both, verify=True)
    printed = printed or args.print_diff or args.print_xml
    define = args.define or not (printed or args.no_define or args.live)
    return Wanted(define, update, args.start, args.both)


def tell_doubts(requests: Iterable[EditRequest], host: Host | None, output: Output) -> None:
    """Warn of values that libvirt's schema does not know; raises UsageError as schema_check.check_values does."""
    from virtprov.actions import schema_check

    for sentence in schema_check.check_values([use for request in requests for use in request.uses], host):
        output.warn(sentence)


def journal_for(host: Host, asked: str | None, output: Output, *, spill: bool = False) -> Journal | None:
    """The journal of this run; where none can be kept the user is warned, and the run goes on."""
    from virtprov.actions.edit import journal
    from virtprov.support.errors import ProvError

    try:
        return journal.begin(host, asked, spill=spill)
    except ProvError as problem:
        output.warn(f"--undo will know nothing of this run: {problem.message}")
        return journal.passing() if spill else None


def tell_left(listed: Iterable[Step], world: World, output: Output) -> None:
    """Where storage is made: say what runs that came to no end may have left of theirs."""
    from virtprov.actions.steps import storage

    making = (storage.MakePool, storage.MakeVolume, storage.WriteSeed)
    if world.trail.writes and any(isinstance(step, making) for step in listed):
        from virtprov.cli.leftover_notice import tell

        tell(output)


def difference(made: Edited, name: str = "") -> str:
    """What is another than before: in the XML, in the running guest's, in autostart. `name` is said in the headers."""
    old, new = (f"{name} (before)", f"{name} (after)") if name else ("Original XML", "Altered XML")
    text = _headed(made.diff, old, new) + _headed(made.live_diff, f"{old}, running", f"{new}, running")
    if made.autostart is not None:
        was, now = ("yes" if on else "no" for on in made.autostart)
        text += ("" if made.diff else f"--- {old}\n+++ {new}\n") + f"@@ autostart @@\n-{was}\n+{now}\n"
    return text


def _headed(diff: str, old: str, new: str) -> str:
    """A unified diff with other names in its first two lines."""
    return f"--- {old}\n+++ {new}\n" + diff.split("\n", 2)[2] if diff else ""


def sentences(made: Edited, wanted: Wanted, defined: bool) -> list[str]:
    name, info = made.guest.name, made.source.info
    updated = wanted.update and made.acts
    done = []
    if updated:
        pending = made.course is not None and made.course.pending
        done.append(f"The running guest '{name}' is {'asked for the change' if pending else 'changed'}.")
    if defined and info is None:
        done.append(f"The guest '{name}' is defined.")
    elif defined:
        waits = made.course is not None and made.course.waits
        later = info is not None and info.active and (not updated or waits)
        what = "what it could not take now" if updated else "it"
        when = f"; {what} takes effect once the guest is powered off and started again." if later else "."
        done.append(f"The definition of '{name}' is changed{when}")
    if made.autostart is not None and wanted.define:
        done.append(f"The guest '{name}' {'starts' if made.autostart[1] else 'does not start'} with its host now.")
    if wanted.start:
        done.append(f"The guest '{name}' is started.")
    return done


def _asked(request: EditRequest) -> dict[str, object]:
    """One change as it was asked for."""
    seed = ",".join(name if value is None else f"{name}={value}" for name, value in request.words)
    return {
        "action": request.action,
        "group": request.group,
        "which": request.selector.words or request.selector.position,
        "values": [seed] if seed else [_covered(use.text) for use in request.uses],
    }


def _covered(text: str) -> str:
    """What was typed, without a display's password, as differences are."""
    import re

    from virtprov.xml.diff import passwords

    return text if passwords.shown else re.sub(r"((?:^|,)(?:passwd|password)=)[^,]*", r"\1********", text)


def facts(made: Edited, wanted: Wanted, document: str, *, defined: bool, kept: bool) -> dict[str, object]:
    """What JSON says; docs/json.md explains each key. The document may hold passwords: only when it is asked for."""
    guest = made.guest
    changes = [_asked(request) for request in made.requests]
    if made.autostart_asked is not None:
        word = "yes" if made.autostart_asked else "no"
        changes.append({"action": "autostart", "group": "", "which": "", "values": [word]})
    return {
        "name": guest.name,
        "uuid": guest.uuid,
        "action": changes[0]["action"],
        "group": changes[0]["group"],
        "changes": changes,
        "changed": made.changed,
        "defined": defined,
        "kept": kept,
        "updated": wanted.update and made.acts,
        "started": wanted.start,
        "autostart": None if made.autostart is None else made.autostart[1],
        "effects": _effects(made, wanted),
        "diff": difference(made),
        "xml": document,
        **_seed_facts(made, wanted),
    }


def _effects(made: Edited, wanted: Wanted) -> list[dict[str, str]]:
    info = made.source.info
    if made.course is None or info is None:
        return []
    course = made.course if wanted.update else made.course.put_off(persistent=info.persistent or wanted.define)
    return course.facts()


def tell_effects(guests: Mapping[str, tuple[Effect, ...]], output: Output) -> None:
    """Show when running guests take a change; `guests` are their names with the lines of each."""
    told = {name: rows for name, rows in guests.items() if rows}
    if not told:
        return
    who = f"the running guest '{next(iter(told))}'" if len(told) == 1 else f"{len(told)} running guests"
    output.say(f"What becomes of {who}:")
    for line in table(told):
        output.say(f"  {line}")


def table(guests: Mapping[str, tuple[Effect, ...]]) -> list[str]:
    """One line for each effect, the earliest first; guests with the same one share it, and are named while few."""
    from virtprov.actions.live.effects import BOOT, NEVER, NOW
    from virtprov.support.text import listed

    shared: dict[Effect, list[str]] = {}
    for name, rows in guests.items():
        for row in dict.fromkeys(rows):
            shared.setdefault(row, []).append(name)
    lines = []
    for row, names in sorted(shared.items(), key=lambda item: (NOW, BOOT, NEVER).index(item[0].when)):
        who = ""
        if len(guests) > 1:
            few = 0 < len(names) <= _FEW
            who = f" [{listed(names) if few else f'{len(names)} guests'}]"
        lines.append(f"{row.when:9}  {row.what}{f' ({row.why})' if row.why else ''}{who}")
    return lines


_FEW = 3
"""So many guests are named in a line of the table; more are counted."""


def tell_password(made: Edited, wanted: Wanted, output: Output) -> None:
    """Show the password that a new cloud-init seed gives root."""
    if _seeds(made) and (wanted.define or wanted.start):
        from virtprov.cli.edit import seed

        seed.tell_password(made.parts, output)


def _seed_facts(made: Edited, wanted: Wanted) -> dict[str, object]:
    if not _seeds(made):
        return {}
    from virtprov.cli.edit import seed

    return seed.facts((*made.parts, *made.lives), made=wanted.define or wanted.start)


def _seeds(made: Edited) -> bool:
    return any(part.seeded is not None for part in (*made.parts, *made.lives))

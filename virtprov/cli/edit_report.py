"""virtprov-xml: what is said of an edit, in words and as JSON."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.inforce import Edited, Wanted
    from virtprov.cli.output import Output


def sentences(made: Edited, wanted: Wanted, defined: bool) -> list[str]:
    name, info = made.guest.name, made.source.info
    updated = wanted.update and bool(made.lives)
    done = [f"The running guest '{name}' is changed."] if updated else []
    if defined and info is None:
        done.append(f"The guest '{name}' is defined.")
    elif defined:
        later = info is not None and info.active and not updated
        when = "; it takes effect once the guest is powered off and started again." if later else "."
        done.append(f"The definition of '{name}' is changed{when}")
    if wanted.start:
        done.append(f"The guest '{name}' is started.")
    return done


def facts(made: Edited, wanted: Wanted, document: str, *, defined: bool, kept: bool) -> dict[str, object]:
    """What JSON says; docs/json.md explains each key. The document may hold passwords: only when it is asked for."""
    guest, request = made.guest, made.requests[0]
    return {
        "name": guest.name,
        "uuid": guest.uuid,
        "action": request.action,
        "group": request.group,
        "changed": bool(made.diff),
        "defined": defined,
        "kept": kept,
        "updated": wanted.update and bool(made.lives),
        "started": wanted.start,
        "diff": made.diff,
        "xml": document,
        **_seed_facts(made, wanted),
    }


def tell_password(made: Edited, wanted: Wanted, output: Output) -> None:
    """Show the password that a new cloud-init seed gives root."""
    if _seeds(made) and (wanted.define or wanted.start):
        from virtprov.cli import edit_seed

        edit_seed.tell_password(made.parts, output)


def _seed_facts(made: Edited, wanted: Wanted) -> dict[str, object]:
    if not _seeds(made):
        return {}
    from virtprov.cli import edit_seed

    return edit_seed.facts((*made.parts, *made.lives), made=wanted.define or wanted.start)


def _seeds(made: Edited) -> bool:
    return any(part.seeded is not None for part in (*made.parts, *made.lives))

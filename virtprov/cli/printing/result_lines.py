"""A guest in four lines: its state, its addresses, how to log in, its disks."""

from __future__ import annotations

from virtprov.support.text import shell_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.install.result import Result
    from virtprov.actions.run.stages import Stages
    from virtprov.cli.printing.output import Output
    from virtprov.host.connection import Host


def describe(host: Host, name: str, output: Output) -> Result | None:
    """Return what a guest is now; None, with a warning, if the host cannot tell, which is no failure of the run."""
    from virtprov.actions.install import result
    from virtprov.support.errors import ProvError

    try:
        return result.describe(host, name)
    except ProvError as problem:
        output.warn(f"'{name}' is ready, but its state cannot be read: {problem.message}")
        return None


def lines(result: Result | None) -> list[str]:
    """Return the lines that follow the one with the state; none without a result."""
    from virtprov.support.notation.units import show_size

    if result is None:
        return []
    shown = [f"{each} (reserved)" if each in result.reserved else each for each in result.addresses]
    shown += [f"{each} (reserved, not in use)" for each in result.reserved if each not in result.addresses]
    login = result.ssh or f"not reachable by ssh from here; `virsh console {shell_word(result.name)}` shows its console"
    disks = [f"{each.path} ({show_size(each.capacity)})" if each.capacity else each.path for each in result.disks]
    return [
        f"  address: {', '.join(shown) or 'none known'}",
        f"  login:   {login}",
        f"  disk:    {', '.join(disks) or 'none'}",
    ]


def facts(result: Result | None, stages: Stages | None = None, not_asked: tuple[str, ...] = ()) -> dict[str, object]:
    """Return the same for JSON, with the stages of the run; empty values without a guest."""
    return {
        "addresses": list(result.addresses) if result is not None else [],
        "reserved": list(result.reserved) if result is not None else [],
        "ssh": result.ssh if result is not None else "",
        "disks": [disk._asdict() for disk in result.disks] if result is not None else [],
        "stages": [stage._asdict() for stage in stages.list()] if stages is not None else [],
        "not_asked": list(not_asked),
    }

"""`virtprov-install --info NAME`: what a guest is now."""

from __future__ import annotations

from virtprov.cli.printing import result_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cli.printing.output import Output


def main(uri: str | None, key: str, output: Output) -> int:
    """Print a guest's state, addresses, login and disks; returns the exit status, raises HostError."""
    from virtprov.actions.install import result
    from virtprov.cli.connecting import connect

    with connect(uri) as host:
        found = result.describe(host, key)
        output.line(f"Guest '{found.name}' is {found.state}.")
        for line in result_lines.lines(found):
            output.line(line)
        known = result_lines.facts(found)
        del known["stages"], known["not_asked"]
        own = {"name": found.name, "uuid": found.uuid, "state": found.state, "uri": host.uri, "macs": list(found.macs)}
        output.object("info", {**own, **known})
    return 0

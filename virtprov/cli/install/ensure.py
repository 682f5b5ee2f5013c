"""`--ensure`: what is said of a guest that is there already."""

from __future__ import annotations

from virtprov.cli.printing import result_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack

    from virtprov.actions.request import InstallRequest
    from virtprov.cli.printing.output import Output
    from virtprov.host.connection import Host

UNCHANGED = "unchanged"
"""The state of a guest that exists and is what the command describes."""


def is_done(host: Host, request: InstallRequest, held: ExitStack, output: Output) -> bool:
    """Return whether nothing has to be done, and say so; otherwise `held` keeps others from creating the same guest.

    Raises Differs if the guest exists and differs, UsageError for a request without a name.
    """
    from virtprov.library import ensuring

    held.enter_context(ensuring.hold(host, request, output.say))
    if not ensuring.exists(host, request):
        return False
    from virtprov.actions.install import result

    found = result.describe(host, request.name)
    output.summary(f"Guest '{found.name}' exists and is as described; nothing has been changed.")
    own = {"name": found.name, "uuid": found.uuid, "created": False, "state": UNCHANGED, "uri": host.uri}
    rest = {"macs": list(found.macs), "volumes": [disk.path for disk in found.disks], "root_password": None}
    last = {"steps": [], "documents": [], "image": None, **result_lines.facts(found)}
    output.object("install", {**own, **rest, **last})
    return True

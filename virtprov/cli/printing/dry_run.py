"""The output of --dry-run: what would be done."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.actions.run.plan import Step
    from virtprov.cli.printing.output import Output

VERBS = {
    "Checking": "check",
    "Changing": "change",
    "Copying": "copy",
    "Defining": "define",
    "Deleting": "delete",
    "Enabling": "enable",
    "Fetching": "fetch",
    "Granting": "grant",
    "Keeping": "keep",
    "Creating": "create",
    "Disabling": "disable",
    "Making": "make",
    "Marking": "mark",
    "Moving": "move",
    "Reserving": "reserve",
    "Restoring": "restore",
    "Removing": "remove",
    "Starting": "start",
    "Storing": "store",
    "Uploading": "upload",
    "Using": "use",
    "Writing": "write",
}
"""The first words of step labels, and their verbs."""


def would(label: str) -> str:
    """Return the label of a step as something that is not done: "Would create volume web.qcow2"."""
    first, _, rest = label.partition(" ")
    return f"Would {VERBS[first]} {rest}" if first in VERBS else f"Would do: {label}"


def tell(steps: Iterable[Step], output: Output) -> None:
    """Print what would be done on standard output."""
    for step in steps:
        output.line(would(step.label))
    output.summary("Nothing has been changed.")

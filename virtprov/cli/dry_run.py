"""What --dry-run says: what would be done, in the conditional, and that nothing was."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.actions.run.plan import Step
    from virtprov.cli.output import Output

VERBS = {
    "Changing": "change",
    "Copying": "copy",
    "Defining": "define",
    "Deleting": "delete",
    "Enabling": "enable",
    "Granting": "grant",
    "Keeping": "keep",
    "Letting": "let",
    "Making": "make",
    "Putting": "put",
    "Removing": "remove",
    "Starting": "start",
    "Storing": "store",
    "Uploading": "upload",
    "Writing": "write",
}
"""How the labels of steps begin, and the verb of each."""


def would(label: str) -> str:
    """A step's label as something that is not done: "Would make the volume web.qcow2"."""
    first, _, rest = label.partition(" ")
    return f"Would {VERBS[first]} {rest}" if first in VERBS else f"Would do: {label}"


def tell(steps: Iterable[Step], output: Output) -> None:
    """List what would be done on standard output."""
    for step in steps:
        output.result(would(step.label))
    output.summary("Nothing was changed.")

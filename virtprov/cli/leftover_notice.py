"""The notice that an earlier run was interrupted and may have left something behind."""

from __future__ import annotations

from virtprov.cli.output import Output
from virtprov.support.errors import ProvError


def tell(output: Output) -> None:
    """Say what earlier runs may have left behind; nothing is asked of any host."""
    from virtprov.actions.run import leftovers

    try:
        sentence = leftovers.notice()
    except ProvError:  # without a state directory nothing was written down
        return
    if sentence:
        output.warn(sentence)

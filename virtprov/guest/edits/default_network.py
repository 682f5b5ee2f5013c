"""`--edit --network default`: connect an interface like a new one, whatever it is connected to now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.defaults.network import fill_source
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.rules.rule_context import RuleContext

WORDS = ("default", "type=default")
"""Values that ask for the host's default network, as the first sub-options."""
_OLD = ("source", "portForward", "virtualport")
"""Parts of an interface that belong to its current connection."""


def is_asked(group: str, text: str) -> bool:
    """Return whether one use of an option group asks for the host's default network."""
    return group == "network" and text.partition(",")[0].strip() in WORDS


def connect(setting: RuleContext) -> None:
    """Connect the interfaces of the setting like new ones."""
    for nic in setting.devices("interface"):
        for tag in _OLD:
            for part in tree.children(nic, tag):
                tree.remove(part)
        if path.get(nic, "./backend/@type") == "passt":
            path.put(nic, "./backend/@type", None)
        nic.set("type", "")
    fill_source(setting)

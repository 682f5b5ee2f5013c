"""`--edit --network default`: an interface goes where a new one would, whatever it is connected to now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.defaults.network import fill_source
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.rule_context import RuleContext

WORDS = ("default", "type=default")
"""How the host's usual network is asked for, before other sub-options."""
_OLD = ("source", "portForward", "virtualport")
"""Parts of an interface that belong to what it was connected to."""


def is_asked(group: str, text: str) -> bool:
    """Whether one use of an option group, by its text, asks for the host's usual network."""
    return group == "network" and text.partition(",")[0].strip() in WORDS


def connect(setting: RuleContext) -> None:
    """Connect the interfaces that the setting is about as new ones are connected."""
    for nic in setting.devices("interface"):
        for tag in _OLD:
            for part in tree.children(nic, tag):
                tree.remove(part)
        if path.get(nic, "./backend/@type") == "passt":
            path.put(nic, "./backend/@type", None)
        nic.set("type", "")
    fill_source(setting)

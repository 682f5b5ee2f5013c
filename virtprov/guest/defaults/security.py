"""Security labels: which of the host's security drivers a label is for."""

from __future__ import annotations

from virtprov.guest.rule_context import Rule, RuleContext
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def _open(setting: RuleContext) -> list[Element]:
    """Labels of which the type or the driver is given, but not both."""
    labels = tree.children(setting.guest.root, "seclabel")
    return [label for label in labels if (label.get("type") is None) != (label.get("model") is None)]


def fill_labels(setting: RuleContext) -> None:
    """A label of USER:GROUP is for the driver `dac`, any other for the host's first one."""
    models = [driver.model for driver in setting.capabilities.security_models]
    for label in _open(setting):
        if label.get("type") is None:
            label.set("type", "dynamic")
        elif models:
            owner = path.text(label, "./label").count(":") == 1
            label.set("model", "dac" if owner and "dac" in models else models[0])


RULES = (
    Rule(
        "security-label",
        "a label of USER:GROUP is for the driver `dac`, any other for the host's first one",
        lambda setting: bool(_open(setting)),
        fill_labels,
        "--seclabel type=TYPE,model=MODEL",
    ),
)

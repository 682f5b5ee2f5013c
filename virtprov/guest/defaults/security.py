"""Security labels: choose the security driver of the host for a label."""

from __future__ import annotations

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def _open(setting: RuleContext) -> list[Element]:
    """Return labels of which either the type or the driver is given, but not both."""
    labels = tree.children(setting.guest.root, "seclabel")
    return [label for label in labels if (label.get("type") is None) != (label.get("model") is None)]


def fill_labels(setting: RuleContext) -> None:
    """A label USER:GROUP is for the driver `dac`, any other for the first driver of the host."""
    models = [driver.model for driver in setting.capabilities.security_models]
    for label in _open(setting):
        if label.get("type") is None:
            label.set("type", "dynamic")
        elif model := _driver(path.text(label, "./label"), models):
            label.set("model", model)


def _driver(label: str, models: list[str]) -> str:
    """Return the driver for a label; for a host that lists none, from the form of the label ("": unknown)."""
    owner = label.count(":") == 1
    if not models:
        return "dac" if owner else ""
    return "dac" if owner and "dac" in models else models[0]


RULES = (
    Rule(
        "security-label",
        "a label USER:GROUP is for the driver `dac`, any other for the first driver of the host",
        lambda setting: bool(_open(setting)),
        fill_labels,
        "--seclabel type=TYPE,model=MODEL",
    ),
)

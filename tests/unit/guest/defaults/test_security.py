"""Security labels get the security driver they are for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from virtprov.guest.defaults import security
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import RuleContext


def setting(label: str, *models: str) -> RuleContext:
    """A guest with one label on a host with these security drivers."""
    offered = tuple(SimpleNamespace(model=name) for name in models)
    capabilities = SimpleNamespace(of_host=lambda: SimpleNamespace(security_models=offered))
    host = cast(Any, SimpleNamespace(driver="qemu", capabilities=capabilities))
    return RuleContext(Guest.parse(f"<domain>{label}</domain>"), host, cast(Any, None))


@pytest.mark.parametrize(
    ("label", "models", "kind", "model"),
    [
        ('<seclabel type="static"><label>u:r:t:s0:c1,c2</label></seclabel>', ("selinux", "dac"), "static", "selinux"),
        ('<seclabel type="dynamic"><label>012:345</label></seclabel>', ("selinux", "dac"), "dynamic", "dac"),
        ('<seclabel type="dynamic"><label>012:345</label></seclabel>', ("testSecurity",), "dynamic", "testSecurity"),
        ('<seclabel type="none"/>', ("apparmor", "dac"), "none", "apparmor"),
        ('<seclabel model="apparmor"/>', ("selinux",), "dynamic", "apparmor"),
        ('<seclabel type="static"/>', (), "static", None),
        ('<seclabel type="static"><label>012:345</label></seclabel>', (), "static", "dac"),
        ('<seclabel model="dac"/>', (), "dynamic", "dac"),
    ],
)
def test_labels(label: str, models: tuple[str, ...], kind: str, model: str | None) -> None:
    made = setting(label, *models)
    (rule,) = security.RULES
    assert rule.applies(made)
    rule.write(made)
    assert (made.guest.root[0].get("type"), made.guest.root[0].get("model")) == (kind, model)


@pytest.mark.parametrize(
    "label",
    [
        "",
        '<seclabel relabel="no"/>',
        '<seclabel type="none" model="selinux"/>',
        "<seclabel><label>a:b</label></seclabel>",
    ],
)
def test_labels_that_stay(label: str) -> None:
    assert not security.RULES[0].applies(setting(label, "selinux"))

"""Memory for installers that come over the network, by the profile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.machine import resources
from virtprov.guest.rules.rule_context import RuleContext

Make = Callable[..., RuleContext]
KIB_2_GIB = "2097152"
ROOMY = "8388608"


@pytest.mark.parametrize(
    ("profile", "memory", "given", "boosted", "warned"),
    [
        ("centos-stream9", KIB_2_GIB, False, "3145728", False),
        ("centos-stream9", KIB_2_GIB, True, KIB_2_GIB, True),
        ("centos-stream9", ROOMY, False, ROOMY, False),
        ("debian12", KIB_2_GIB, False, KIB_2_GIB, False),
    ],
)
def test_the_first_boot_gets_what_it_needs(
    profile: str, memory: str, given: bool, boosted: str, warned: bool, setting_of: Make
) -> None:
    rest = f"<memory>{memory}</memory><currentMemory>{memory}</currentMemory>"
    setting = setting_of(profile=profile, rest=rest)
    first = setting.guest.copy()
    resources.boost_network_install(setting, first, given=given)
    assert (first.get("./memory"), first.get("./currentMemory")) == (boosted, boosted)
    assert setting.guest.get("./memory") == memory, "only the first boot gets more"
    assert bool(setting.warnings) is warned


def test_amounts_in_another_unit_are_left_alone(setting_of: Make) -> None:
    setting = setting_of(profile="centos-stream9", rest="<memory unit='GiB'>1</memory>")
    first = setting.guest.copy()
    resources.boost_network_install(setting, first, given=False)
    assert first.get("./memory") == "1"

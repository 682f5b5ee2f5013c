"""Guests whose memory is hidden from the host."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.defaults import launch_security
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host
from virtprov.support.errors import UsageError

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Write = Callable[..., str]

UEFI = {"os_attrs": "firmware='efi'"}


def apply(setting: RuleContext) -> RuleContext:
    (rule,) = launch_security.RULES
    if rule.applies(setting):
        rule.write(setting)
    return setting


@pytest.mark.parametrize(
    ("rest", "sev", "policy"),
    [
        ("<launchSecurity type='sev'/>", "<cbitpos>51</cbitpos>", "0x03"),
        ("<launchSecurity type='sev'/>", "<cbitpos>51</cbitpos><maxESGuests>0</maxESGuests>", "0x03"),
        ("<launchSecurity type='sev'/>", "<cbitpos>51</cbitpos><maxESGuests>99</maxESGuests>", "0x07"),
        ("<launchSecurity type='sev'><policy>0x01</policy></launchSecurity>", "<maxESGuests>9</maxESGuests>", "0x01"),
        ("<launchSecurity type='tdx'/>", "", ""),
        ("", "", ""),
    ],
)
def test_policies(rest: str, sev: str, policy: str, setting_of: Make, host_of: Record, domcaps: Write) -> None:
    setting = apply(setting_of(rest=rest, host=host_of(domcaps=domcaps(sev=sev)), **UEFI))
    assert setting.guest.get("./launchSecurity/policy") == policy


@pytest.mark.parametrize("kind", ["sev", "sev-snp", "tdx"])
@pytest.mark.parametrize("said", [{}, {"machine": "pc", **UEFI}])
def test_hidden_memory_needs_q35_and_uefi(kind: str, said: dict[str, str], setting_of: Make) -> None:
    with pytest.raises(UsageError, match=f"--launchSecurity {kind} requires a q35 machine with UEFI") as caught:
        apply(setting_of(rest=f"<launchSecurity type='{kind}'/>", **said))
    assert "--machine q35 --boot uefi" in caught.value.hint


def test_ibm_z_needs_neither(setting_of: Make) -> None:
    z = {"arch": "s390x", "machine": "s390-ccw-virtio"}
    assert apply(setting_of(rest="<launchSecurity type='s390-pv'/>", **z)).guest.has("./launchSecurity")

"""Looks before anything is written: is the name free, the address?"""

from __future__ import annotations

import pytest

from virtprov.guest import checks
from virtprov.guest.document import Guest
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError


def nics(*macs: str) -> Guest:
    inside = "".join(f"<interface><mac address='{mac}'/></interface>" if mac else "<interface/>" for mac in macs)
    return Guest.parse(f"<domain><devices>{inside}</devices></domain>")


def test_names(kvm: Host) -> None:
    checks.name_is_free(kvm, "new")
    with pytest.raises(HostError, match="guest 'web' already exists on the host") as caught:
        checks.name_is_free(kvm, "web")
    assert "--name" in caught.value.hint


def test_addresses_are_read_in_lower_case() -> None:
    assert checks.mac_addresses(nics("52:54:00:AA:bb:01", "", "RANDOM")) == ["52:54:00:aa:bb:01"]


@pytest.mark.parametrize(
    "mac", ["foo", "52:54:00:11:22", "52:54:00:11:22:33:44", "52-54-00-11-22-33", "52:54:00:11:22:3g"]
)
def test_what_is_no_address(mac: str) -> None:
    with pytest.raises(UsageError, match=f"'{mac}' is not a MAC address"):
        checks.mac_addresses(nics(mac))


def test_addresses_of_other_guests(kvm: Host) -> None:
    checks.given_macs_are_free(kvm, [])
    checks.given_macs_are_free(kvm, ["52:54:00:99:99:99"])
    with pytest.raises(HostError, match="MAC address 52:54:00:11:22:33 is used by guest 'web'") as caught:
        checks.given_macs_are_free(kvm, ["52:54:00:99:99:99", "52:54:00:11:22:33"])
    assert "mac_in_use=off" in caught.value.hint

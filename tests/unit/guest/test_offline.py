"""A document without libvirt."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.offline import Offline
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(("kind", "driver"), [("kvm", "qemu"), ("qemu", "qemu"), ("xen", "xen"), ("lxc", "lxc")])
def test_the_driver_follows_from_the_guests_type(kind: str, driver: str) -> None:
    assert Offline(Guest.new(kind)).driver == driver


def test_nothing_is_there() -> None:
    host = Offline(Guest.new("kvm"))
    assert host.storage.volume_at("/a") is None and host.storage.pool("default") is None
    assert host.guests.find("a") is None
    assert list(host.guests.documents()) == [] and list(host.devices.all()) == []
    assert list(host.storage.pool_names()) == [] and not host.is_remote


def test_what_only_a_host_knows_is_refused_with_the_way_out() -> None:
    with pytest.raises(UsageError) as failure:
        Offline(Guest.new("kvm")).capabilities.of_host()
    assert "--connect" in failure.value.hint

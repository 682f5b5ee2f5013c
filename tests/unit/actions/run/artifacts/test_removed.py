"""What is removed for good, as the next run finds it after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Evidence, InUse, Standing, mark_of
from virtprov.actions.run.artifacts.path_users import users_of
from virtprov.actions.run.artifacts.removed import Removed, RemovedGuest, RemovedSecret, RemovedVolume
from virtprov.host.connection import Host

UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"  # of the guest on the host
VOLUME = RemovedVolume("base.qcow2", "images", "/srv/images/base.qcow2", "/srv/images/base.qcow2", owner=UUID)
DISK = "<disk type='file'><source file='/srv/images/base.qcow2'/><target dev='vda'/></disk>"


def with_disk(host: Host) -> None:
    text = host.guests.xml("web", inactive=True)
    host.guests.define(text.replace("</devices>", f"{DISK}</devices>") if "</devices>" in text else text)


@pytest.mark.parametrize("artifact", [RemovedGuest("web", UUID), VOLUME, RemovedSecret("/a", UUID)])
def test_before_it_has_begun_there_is_nothing_to_undo(artifact: Removed, place: Host) -> None:
    assert artifact.standing(place, Evidence()) == Standing(GONE)
    artifact.take_down(place)
    assert place.guests.find("web") is not None and place.storage.volume("images", "base.qcow2") is not None


# -- guests ---------------------------------------------------------------------------------------


def test_a_guest_that_is_off_goes(place: Host) -> None:
    guest = RemovedGuest("web", UUID)
    place.guests.destroy("web")
    assert guest.waits(place, Evidence()) == Standing(OURS)
    guest.discard(place)
    assert place.guests.names() == () and guest.waits(place, Evidence()) == Standing(GONE)
    guest.discard(place)


def test_a_guest_that_was_started_again_stays(place: Host) -> None:
    guest = RemovedGuest("web", UUID)
    assert guest.waits(place, Evidence()) == Standing(OTHERS, "it has been started again")
    with pytest.raises(InUse, match="guest 'web' has been started again"):
        guest.discard(place)
    found = place.guests.find("web")
    assert found is not None and found.active


@pytest.mark.parametrize("nvram", [True, False])
def test_variables_go_only_if_they_may(nvram: bool, place: Host) -> None:
    class Asked(StandIn):
        real = place
        how: dict[str, Any] = {}  # noqa: RUF012

        def guests_undefine(self, key: str, **how: Any) -> bool:
            self.how.update(how)
            return self.real.guests.undefine(key)

    place.guests.destroy("web")
    host: Any = Asked()
    host.how.clear()
    RemovedGuest("web", UUID, nvram).discard(host)
    assert host.how == {"nvram": nvram, "tpm": True}


# -- volumes --------------------------------------------------------------------------------------


def test_a_volume_of_the_guest_goes(place: Host) -> None:
    with_disk(place)
    assert VOLUME.waits(place, Evidence()) == Standing(OURS)
    VOLUME.discard(place)
    assert place.storage.volume_names("images") == () and VOLUME.waits(place, Evidence()) == Standing(GONE)
    VOLUME.discard(place)


def test_a_volume_that_somebody_uses_by_now_stays(place: Host) -> None:
    with_disk(place)
    assert VOLUME.waits(place, Evidence(user_of=users_of(place, frozenset(), frozenset()))) == Standing(
        OTHERS, "used by guest 'web'"
    )


def test_another_volume_of_that_name_stays(place: Host) -> None:
    seen = VOLUME._replace(key="/other").waits(place, Evidence())
    assert seen == Standing(OTHERS, "another volume now has this name")


def test_a_file_outside_of_pools_goes_by_its_mark(place: Host, tmp_path: Path) -> None:
    path = tmp_path / "a.img"
    path.touch()
    file = RemovedVolume("a.img", path=str(path), mark=mark_of(str(path)), owner=UUID)
    assert file.waits(place, Evidence()) == Standing(OURS)
    assert file._replace(mark="1:2.000000").waits(place, Evidence()).state == OTHERS
    file.discard(place)
    assert not path.exists() and file.waits(place, Evidence()) == Standing(GONE)
    file.discard(place)


# -- secrets --------------------------------------------------------------------------------------


class Keeping(StandIn):
    """A host with one secret, for the volume at a path."""

    def __init__(self, host: Host, path: str) -> None:
        self.real, self.kept = host, {UUID: path}

    def secrets_volume(self, uuid: str) -> str | None:
        return self.kept.get(uuid)

    def secrets_exists(self, uuid: str) -> bool:
        return uuid in self.kept

    def secrets_remove(self, uuid: str) -> None:
        del self.kept[uuid]


def test_the_password_of_its_disk_goes(place: Host) -> None:
    host: Any = Keeping(place, "/srv/a.img")
    secret = RemovedSecret("/srv/a.img", UUID)
    assert secret.waits(host, Evidence()) == Standing(OURS)
    assert RemovedSecret("/srv/b.img", UUID).waits(host, Evidence()) == Standing(
        OTHERS, "another secret now has this UUID"
    )
    secret.discard(host)
    assert host.kept == {} and secret.waits(host, Evidence()) == Standing(GONE)
    secret.discard(host)

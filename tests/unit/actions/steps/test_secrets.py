"""The password of an encrypted disk goes to the host with its volume, and goes with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import GONE, OURS, Evidence
from virtprov.actions.run.artifacts.pools_and_volumes import Secret, Volume
from virtprov.actions.run.plan import RunContext, Undo
from virtprov.actions.steps import storage
from virtprov.actions.steps.secrets import undo_all
from virtprov.guest.disks.new.volumes import Encryption, NewVolume
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, InputError
from virtprov.xml import path, tree

Look = Callable[[Host], dict[str, list[str]]]
Around = Callable[[Any], RunContext]
UUID = "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87"


class Keeping(StandIn):
    """The test driver, which keeps no secrets, with a place for them."""

    def __init__(self, host: Host, refuses: str = "") -> None:
        self.real, self.refuses = host, refuses
        self.kept: dict[str, bytes] = {}

    def secrets_create(self, xml: str, value: bytes) -> None:
        if self.refuses == "secret":
            raise HostError("no secrets here")
        self.kept[path.text(tree.parse(xml), "./uuid")] = value

    def secrets_exists(self, uuid: str) -> bool:
        return uuid in self.kept

    def secrets_remove(self, uuid: str) -> None:
        del self.kept[uuid]

    def storage_create_volume(self, *args: Any, **settings: Any) -> Any:
        if self.refuses == "volume":
            raise HostError("no volumes here")
        return self.real.storage.create_volume(*args, **settings)


@pytest.fixture
def volume(tmp_path: Path) -> NewVolume:
    (tmp_path / "password").write_bytes(b" hush hush \n")
    encryption = Encryption("luks", UUID, password_file=str(tmp_path / "password"))
    return NewVolume("images", "new.img", "/srv/images/new.img", "raw", 1024**2, 0, encryption=encryption)


def test_secret_comes_and_goes_with_its_volume(
    volume: NewVolume, place: Host, context_of: Around, listed: Look
) -> None:
    before, host = listed(place), Keeping(place)
    undo = storage.MakeVolume(volume).do(context_of(host))
    assert host.kept == {UUID: b" hush hush "}
    assert place.storage.volume("images", "new.img") is not None and undo is not None
    undo()
    assert host.kept == {} and listed(place) == before


@pytest.mark.parametrize("refuses", ["secret", "volume"])
def test_secret_and_volume_do_not_come_alone(
    refuses: str, volume: NewVolume, place: Host, context_of: Around, listed: Look
) -> None:
    before, host = listed(place), Keeping(place, refuses)
    with pytest.raises(HostError, match=f"no {refuses}s here"):
        storage.MakeVolume(volume).do(context_of(host))
    assert host.kept == {} and listed(place) == before


def test_secret_that_exists_is_left_alone(volume: NewVolume, place: Host, context_of: Around) -> None:
    host = Keeping(place)
    undo = storage.MakeVolume(volume._replace(encryption=Encryption("luks", UUID))).do(context_of(host))
    assert host.kept == {} and undo is not None
    undo()
    assert place.storage.volume("images", "new.img") is None


@pytest.mark.parametrize(("content", "message"), [(b"\n", "does not contain a password"), (None, "does not exist")])
def test_password_file_without_a_password(
    content: bytes | None, message: str, volume: NewVolume, place: Host, context_of: Around, tmp_path: Path
) -> None:
    (tmp_path / "password").unlink()
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    with pytest.raises(InputError, match=message):
        storage.MakeVolume(volume).do(context_of(Keeping(place)))


def test_secret_is_written_down_and_found_again(volume: NewVolume, place: Host, context_of: Around) -> None:
    host: Any = Keeping(place)
    context = context_of(host)
    storage.MakeVolume(volume).do(context)
    (secret,), (made,) = context.trail.artifacts(Secret), context.trail.artifacts(Volume)
    assert (secret.uuid, secret.name, made.key) == (UUID, "/srv/images/new.img", "/srv/images/new.img")
    assert secret.standing(host, Evidence()).state == OURS
    secret.take_down(host)
    assert host.kept == {} and secret.standing(host, Evidence()).state == GONE


def test_secret_that_cannot_be_removed_is_said(volume: NewVolume, place: Host, context_of: Around, told: Any) -> None:
    class Stuck(Keeping):
        def secrets_remove(self, uuid: str) -> None:
            raise HostError("it is busy")

    context = context_of(Stuck(place, "volume"))
    with pytest.raises(HostError, match="no volumes here"):
        storage.MakeVolume(volume).do(context)
    assert told.warned == [f"could not remove secret {UUID}: it is busy"] and context.trail.is_kept


def test_undo_all_tries_each_and_raises_the_first_failure() -> None:
    tried: list[str] = []

    def fail(name: str) -> Undo:
        def undo() -> None:
            tried.append(name)
            raise HostError(name)

        return undo

    with pytest.raises(HostError, match="first"):
        undo_all(fail("first"), None, fail("second"), lambda: tried.append("third"))()
    assert tried == ["first", "second", "third"]

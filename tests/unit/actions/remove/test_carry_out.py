"""Guests are removed one after the other, and what is interrupted can be finished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.standin import StandIn
from tests.unit.actions.edit.test_killed_edits import exploding
from tests.unit.actions.remove.conftest import OFF, MakeGuest, MakeHost, disk, planned
from virtprov.actions.remove import carry_out
from virtprov.actions.remove.carry_out import Outcome
from virtprov.actions.request import RemoveRequest
from virtprov.actions.run import leftovers
from virtprov.actions.run.definition import lock_guest
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail import FileTrail
from virtprov.actions.run.trail_reader import read_ended_runs
from virtprov.actions.seed import login
from virtprov.cloudinit import seed
from virtprov.cloudinit.seed_request import from_options
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, ProvError
from virtprov.support.user_files import lock, state

Around = Callable[[Any], RunContext]
Look = Callable[[Host], dict[str, list[str]]]
IMAGES = {"a.qcow2": "", "a2.qcow2": "", "b.qcow2": ""}
CALLS = (
    (libvirt.virStorageVol, "delete"),
    (libvirt.virDomain, "undefineFlags"),
    (state.Lines, "append"),
    (state.Lines, "remove"),
)
"""What changes a host, or what a later command finds."""


@pytest.fixture(autouse=True)
def own_state(home: Path) -> Path:
    """No test sees the logs of another."""
    return home


@pytest.fixture
def host(domain: MakeGuest, host_with: MakeHost) -> Host:
    """A guest with two disks, and one with a disk."""
    return host_with(*two_guests(domain), images=IMAGES)


def two_guests(domain: MakeGuest) -> tuple[str, str]:
    both = disk("a.qcow2") + disk("a2.qcow2", target="vdb")
    return domain("a", both), domain("b", disk("b.qcow2"), number=2)


@pytest.fixture
def remove(context_of: Around) -> Callable[..., list[Outcome]]:
    """Plan and carry out a removal on a host whose runs leave a recovery log."""

    def make(host: Any, *names: str, **settings: Any) -> list[Outcome]:
        def new_context() -> RunContext:
            context = context_of(host)
            context.trail = FileTrail("virtprov-install", host, lambda sentence: None)
            return context

        planned_now = planned(host, *names, **settings)
        return carry_out.remove(RemoveRequest(names, **settings), planned_now, host, new_context)

    return make


Remove = Callable[..., list[Outcome]]


def logs(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("run-*")) if home.exists() else []


def test_all_that_goes_is_gone(host: Host, remove: Remove, listed: Look, home: Path) -> None:
    (outcome,) = remove(host, "a")
    assert outcome.error is None
    assert listed(host) == {"guests": ["b shut off"], "pool p": ["b.qcow2"]}
    assert logs(home) == []


def test_disks_may_stay(host: Host, remove: Remove, listed: Look) -> None:
    remove(host, "a", "b", keep_disks=True)
    assert listed(host) == {"guests": [], "pool p": sorted(IMAGES)}


def test_a_guest_that_runs_is_stopped(domain: MakeGuest, host_with: MakeHost, remove: Remove, listed: Look) -> None:
    host = host_with(domain("a", disk("a.qcow2"), runs=True), images={"a.qcow2": ""})
    (outcome,) = remove(host, "a")
    assert outcome.error is None and listed(host) == {"guests": [], "pool p": []}


@pytest.mark.parametrize("force_off", [True, False])
def test_a_guest_that_lives_only_while_it_runs(
    force_off: bool, domain: MakeGuest, host_with: MakeHost, remove: Remove, listed: Look
) -> None:
    host = host_with(images={"a.qcow2": ""})
    host.guests.create(domain("a", disk("a.qcow2"), runs=True))
    (outcome,) = remove(host, "a", force_off=force_off)
    assert outcome.error is None and listed(host) == {"guests": [], "pool p": []}


@pytest.mark.parametrize("force_off", [True, False])
def test_a_seed_of_the_running_guest_goes_when_it_is_off(
    force_off: bool, domain: MakeGuest, host_with: MakeHost, remove: Remove, listed: Look, tmp_path: Path
) -> None:
    host = host_with(images={"a.qcow2": "", "a-seed.iso": ""})
    made = seed.build(from_options({"hostname": "h"})._replace(guest_name="a"))
    (tmp_path / "a-seed.iso").write_bytes(seed.iso_bytes(made))
    drive = disk("a-seed.iso", "raw", "<readonly/>", "cdrom", "sda")
    host.guests.create(domain("a", disk("a.qcow2") + drive, runs=True))
    host.guests.define(domain("a", disk("a.qcow2"), runs=True))
    (outcome,) = remove(host, "a", force_off=force_off)
    assert outcome.error is None and listed(host) == {"guests": [], "pool p": []}


def test_files_outside_of_pools_go(
    domain: MakeGuest, host_with: MakeHost, remove: Remove, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("outside") / "a.img"
    path.touch()
    host = host_with(domain("a", disk(str(path), "raw")))
    (outcome,) = remove(host, "a", with_disks=(str(path),))
    assert outcome.error is None and not path.exists()


class Failing(StandIn):
    """A host that cannot delete one volume."""

    def __init__(self, host: Host, name: str) -> None:
        self.real, self.name = host, name

    def storage_delete_volume(self, pool: str, name: str) -> bool:
        if name == self.name:
            raise HostError("the file system is read-only")
        return self.real.storage.delete_volume(pool, name)  # type: ignore[no-any-return]


def test_a_failure_keeps_the_guest_and_not_the_others(host: Host, remove: Remove, listed: Look, home: Path) -> None:
    first, second = remove(Failing(host, "a2.qcow2"), "a", "b")
    assert first.error is not None and first.error.message == "the file system is read-only"
    assert second.error is None
    assert listed(host)["guests"] == ["a shut off"]
    assert len(logs(home)) == 1
    (again,) = remove(host, "a")
    assert again.error is None and listed(host) == {"guests": [], "pool p": []}
    assert logs(home) == []


def test_a_base_stays_if_its_clone_could_not_be_removed(
    domain: MakeGuest, host_with: MakeHost, remove: Remove, listed: Look
) -> None:
    guests = (domain("tree", disk("a.qcow2")), domain("leaf", disk("b.qcow2"), number=2))
    host = host_with(*guests, images={"a.qcow2": "", "b.qcow2": "a.qcow2"})
    before = listed(host)
    leaf, tree = remove(Failing(host, "b.qcow2"), "tree", "leaf")
    assert leaf.removal.name == "leaf" and leaf.error is not None
    assert tree.error is not None and "guest 'leaf', which is based on it, could not be" in tree.error.message
    assert listed(host) == before


def test_what_has_changed_since_it_was_shown_is_not_removed(
    host: Host, domain: MakeGuest, context_of: Around, listed: Look
) -> None:
    removals = planned(host, "b")
    host.guests.define(domain("b", disk("a2.qcow2"), number=2).replace(OFF, ""))
    before = listed(host)
    with pytest.raises(HostError, match="guest 'b', or what uses its disks, has been changed in the meantime"):
        carry_out.remove(RemoveRequest(("b",)), removals, host, lambda: context_of(host))
    assert listed(host) == before


def test_a_disk_that_somebody_uses_by_now_is_not_removed(
    host: Host, domain: MakeGuest, context_of: Around, listed: Look
) -> None:
    removals = planned(host, "b")
    host.guests.define(domain("new", disk("b.qcow2"), number=3).replace(OFF, ""))
    before = listed(host)
    with pytest.raises(HostError, match="guest 'b', or what uses its disks"):
        carry_out.remove(RemoveRequest(("b",)), removals, host, lambda: context_of(host))
    assert listed(host) == before


def test_a_guest_that_is_being_changed_is_waited_for(
    host: Host, remove: Remove, listed: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.0)
    info, before = host.guests.find("b"), listed(host)
    assert info is not None
    sentence = "another run of virtprov has been changing 'b'"
    with lock_guest(host, "b", info.uuid, lambda: None, print), pytest.raises(ProvError, match=sentence):
        remove(host, "a", "b")
    assert listed(host) == before


def test_ctrl_c_stops_before_the_next_guest(host: Host, remove: Remove, listed: Look, home: Path) -> None:
    import signal

    class Pressed(StandIn):
        real = host

        def storage_delete_volume(self, pool: str, name: str) -> bool:
            signal.raise_signal(signal.SIGINT)
            return host.storage.delete_volume(pool, name)

    with pytest.raises(KeyboardInterrupt, match="^removed 'a', but not 'b'$"):
        remove(Pressed(), "a", "b")
    assert listed(host) == {"guests": ["b shut off"], "pool p": ["b.qcow2"]}
    assert logs(home) == []


# -- killed ---------------------------------------------------------------------------------------


def killed(remove: Remove, host: Host, point: int) -> str:
    """Remove a guest in a run that is killed at a point; return where, "" if it ended before."""
    with exploding(point, CALLS) as bomb:
        remove(host, "a")
    return bomb.where


def clean_up(host: Host) -> None:
    for run, log in read_ended_runs([]):
        outcomes = leftovers.remove(run, host, leftovers.look(run, host), lambda found: False)
        assert all(outcome.settled and outcome.fate == leftovers.REMOVED for outcome in outcomes)
        log.remove()


@pytest.mark.parametrize("way", ["again", "clean-up"])
def test_a_run_that_is_killed_anywhere_is_finished(
    way: str, domain: MakeGuest, host_with: MakeHost, remove: Remove, listed: Look, home: Path
) -> None:
    """What was begun is not left as it is; what was not is only finished by those who ask for it again."""
    gone = {"guests": ["b shut off"], "pool p": ["b.qcow2"]}
    places, ends = set(), set()
    for point in range(80):
        host = host_with(*two_guests(domain), images=IMAGES)
        whole = listed(host)
        where = killed(remove, host, point)
        if not where:
            break
        places.add(where)
        is_whole = listed(host) == whole
        if way == "again" and host.guests.find("a") is not None:
            (outcome,) = remove(host, "a")
            assert outcome.error is None
        clean_up(host)
        assert logs(home) == []
        end = listed(host)
        assert end == gone or (is_whole and way == "clean-up" and end == whole), where
        ends.add(str(end))
    assert point > 20 and {"after delete", "before undefineFlags", "after append", "before remove"} <= places
    assert ends == ({str(gone)} if way == "again" else {str(gone), str(whole)})


def kill_before_delete(domain: MakeGuest, host_with: MakeHost, remove: Remove) -> Host:
    """Return a host on which the removal of a guest was killed just before the first of its files went."""
    for point in range(80):
        host = host_with(*two_guests(domain), images=IMAGES)
        if killed(remove, host, point) == "before delete":
            return host
        clean_up(host)
    raise AssertionError("nothing is deleted")


def test_clean_up_keeps_what_others_use_by_now(
    domain: MakeGuest, host_with: MakeHost, remove: Remove, listed: Look
) -> None:
    host = kill_before_delete(domain, host_with, remove)
    host.guests.define(domain("new", disk("a2.qcow2"), number=3).replace(OFF, ""))
    ((run, log),) = read_ended_runs([])
    found = {each.artifact.describe(): (each.state, each.why) for each in leftovers.look(run, host)}
    log.close()
    assert found["volume a2.qcow2 in pool 'p'"] == ("others", "used by guest 'new'")
    assert found["guest 'a'"] == found["volume a.qcow2 in pool 'p'"] == ("ours", "")


def test_clean_up_reads_the_other_guests_once(
    domain: MakeGuest, host_with: MakeHost, remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many files of the guest are left."""
    host = kill_before_delete(domain, host_with, remove)
    reads: list[bool] = []
    documents = type(host.guests).documents

    def counting(guests: Any, *, inactive: bool = False) -> Any:
        reads.append(inactive)
        return documents(guests, inactive=inactive)

    monkeypatch.setattr(type(host.guests), "documents", counting)
    ((run, log),) = read_ended_runs([])
    found = leftovers.look(run, host)
    log.close()
    assert len(found) == 3 and sorted(reads) == [False, True]


# -- what is kept for it elsewhere ---------------------------------------------------------------

MAC = "52:54:00:aa:bb:cc"
NETWORK = (
    "<network><name>lab</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01</uuid><bridge name='virbr7'/>"
    "<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp>"
    "<range start='192.168.122.2' end='192.168.122.199'/>"
    f"<host mac='{MAC}' ip='192.168.122.50'/><host mac='52:54:00:00:00:02' ip='192.168.122.6'/>"
    "</dhcp></ip></network>"
)


MARK = (
    "<metadata><virtprov:guest xmlns:virtprov='urn:virtprov:guest:1.0'>"
    f"<virtprov:reservation network='lab' address='192.168.122.50' mac='{MAC}'/></virtprov:guest></metadata>"
)
NIC = f"<interface type='network'><mac address='{MAC}'/><source network='lab'/></interface>"


def test_reserved_addresses_and_the_way_to_log_in_go(domain: MakeGuest, host_with: MakeHost, remove: Remove) -> None:
    host = host_with(domain("a", NIC, more=MARK), more=NETWORK)
    (found,) = planned(host, "a")
    uuid = found.info.uuid
    known = Path(login.known_hosts_path(uuid))
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(login.known_hosts_text(login.Login("debian", uuid), "ssh-ed25519 AAAA"))
    (removal,) = planned(host, "a")
    lines = [thing.describe() for thing in removal.going]
    assert "reservation of 192.168.122.50 in network 'lab'" in lines and f"ssh host key and login {known}" in lines
    (outcome,) = remove(host, "a")
    assert outcome.error is None
    left = host.networks.documents("lab")
    assert all("192.168.122.50" not in text and "192.168.122.6'" in text for text in left.values())
    assert not known.exists()


def test_clean_up_releases_the_addresses_of_the_guests_that_it_removes(
    domain: MakeGuest, host_with: MakeHost, remove: Remove
) -> None:
    finished = 0
    for point in range(80):
        host = host_with(domain("a", NIC, more=MARK), more=NETWORK)
        where = killed(remove, host, point)
        if not where:
            break
        is_begun = host.guests.find("a") is not None
        clean_up(host)
        is_there = host.guests.find("a") is not None
        is_reserved = any("192.168.122.50" in text for text in host.networks.documents("lab").values())
        assert is_reserved == is_there, where
        finished += is_begun and not is_there
    assert finished


def test_a_login_that_cannot_be_forgotten_does_not_stop_the_removal(
    host: Host, remove: Remove, listed: Look, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(uuid: str, *more: Any) -> None:
        raise ProvError("cannot change ~/.ssh/config: read-only")

    monkeypatch.setattr(login, "forget", forget)
    first, second = remove(host, "a", "b")
    assert first.error is None and second.error is None and listed(host) == {"guests": [], "pool p": []}
    assert told.warned == ["cannot change ~/.ssh/config: read-only"] * 2


@pytest.mark.parametrize("way", ["again", "clean-up"])
def test_the_way_to_log_in_goes_wherever_a_run_is_killed(
    way: str, domain: MakeGuest, host_with: MakeHost, remove: Remove, told: Any
) -> None:
    """Until the guest goes, its host key is needed; when it is gone, nothing knows the key's file any more."""
    for point in range(80):
        host = host_with(domain("a", disk("a.qcow2")), images={"a.qcow2": ""})
        info = host.guests.find("a")
        assert info is not None
        known = Path(login.known_hosts_path(info.uuid))
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(login.known_hosts_text(login.Login("debian", info.uuid), "ssh-ed25519 AAAA"))
        where = killed(remove, host, point)
        if way == "again" and host.guests.find("a") is not None:
            remove(host, "a")
        for run, log in read_ended_runs([]):
            leftovers.remove(run, host, leftovers.look(run, host), lambda found: False)
            carry_out.forget_logins(run, host, told.said.append, told.warned.append)
            log.remove()
        assert known.exists() == (host.guests.find("a") is not None), where
        if not where:
            break
    assert point > 12

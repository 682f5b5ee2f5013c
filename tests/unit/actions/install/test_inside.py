"""What goes into a new guest: its seed is completed, and the way to log in is known before it boots."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from virtprov.actions.install import install_plan
from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.request import InstallRequest
from virtprov.actions.run import leftovers, trail
from virtprov.actions.run.artifacts.local_files import File
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail_reader import read_ended_runs
from virtprov.actions.seed.login import Login, known_hosts_text
from virtprov.actions.steps.known_hosts import KeepHostKey
from virtprov.cloudinit import seed
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.boot import IMPORT, Method
from virtprov.guest.network.publish import parse as publish
from virtprov.guest.write import gather
from virtprov.host.connection import Host
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.support.errors import ProvError, UsageError
from virtprov.support.terminal.progress import Progress

from .test_install_plan import labels

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB me@here"
MAC = "52:54:00:12:34:56"
NETWORK = f"network=default,mac={MAC},static=192.0.2.5/24,gateway=192.0.2.1"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A home without keys and without an agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


def plan(
    host: Host, *networks: str, system: str = "debian12", more: dict[str, Any] | None = None, **words: Any
) -> InstallPlan:
    """The plan for a guest whose seed is virtprov's own."""
    uses, _ = gather.group_uses("disk", ["none"])
    found, _ = gather.group_uses("network", networks or ["network=default"])
    memory, _ = gather.group_uses("memory", ["1024"])
    request = InstallRequest(
        (*uses, *memory, *found), frozenset(["disk"]), name="quay", osinfo=OsinfoRequest(system), method=Method(IMPORT),
        seed=SeedRequest(**{"completes": True, **words}),
    )  # fmt: skip
    return install_plan.plan(request._replace(**(more or {})), host)


def user_data(made: InstallPlan) -> dict[str, Any]:
    assert made.seed is not None
    tree: dict[str, Any] = yaml.safe_load(seed.build(made.seed.request).documents["user-data"])
    return tree


def way(made: InstallPlan) -> Login:
    assert made.login is not None
    return made.login


def test_the_host_key_is_made_here_and_kept_for_ssh(recorded: Host, home: Path) -> None:
    made = plan(recorded, ssh_key=(KEY,))
    path = str(home / "known_hosts" / made.uuid)
    assert way(made) == Login("debian", made.uuid, path)
    (step,) = (step for step in made.plan.steps if isinstance(step, KeepHostKey))
    public = user_data(made)["ssh_keys"]["ed25519_public"]
    assert (step.path, step.text) == (path, known_hosts_text(way(made), public))
    assert labels(made).index(step.label) < labels(made).index("Defining guest 'quay'")
    assert not home.joinpath("known_hosts").exists(), "planning writes nothing"


def test_two_guests_have_two_keys(recorded: Host) -> None:
    one, two = (user_data(plan(recorded, ssh_key=(KEY,)))["ssh_keys"] for _ in range(2))
    assert one != two


@pytest.mark.parametrize(
    ("system", "words"),
    [("win11", {"ssh_key": (KEY,)}), ("freebsd14.0", {"ssh_key": (KEY,)}), ("debian12", {"completes": False})],
)
def test_where_the_guest_would_not_have_that_key(recorded: Host, system: str, words: dict[str, Any]) -> None:
    made = plan(recorded, system=system, **words)
    assert way(made).known_hosts == "" and "ssh_keys" not in (user_data(made) or {})


def test_the_host_name_is_completed(recorded: Host) -> None:
    made = plan(recorded, ssh_key=(KEY,))
    assert made.seed is not None
    assert seed.build(made.seed.request).hostname == "quay" and user_data(made)["manage_etc_hosts"] is True


# -- a login -------------------------------------------------------------------------------------


def test_the_callers_keys_are_used_and_named(recorded: Host, own_home: Path) -> None:
    (own_home / ".ssh").mkdir()
    (own_home / ".ssh/id_ed25519.pub").write_text(KEY)
    made = plan(recorded, hostname="quay")
    assert user_data(made)["ssh_authorized_keys"] == [KEY]
    assert "Your ssh keys from ~/.ssh/id_ed25519.pub let you log in to 'quay' as 'debian'" in made.plan.notes
    unknown = plan(recorded, system="generic", hostname="quay")
    assert "Your ssh keys from ~/.ssh/id_ed25519.pub let you log in to 'quay' as the image's user" in unknown.plan.notes


def test_without_any_key_it_is_refused(recorded: Host) -> None:
    with pytest.raises(UsageError, match="nobody could log in") as caught:
        plan(recorded, hostname="quay")
    for word in ("--ssh-key", "--password-file", "--no-login"):
        assert word in caught.value.hint


def test_nobody_may_need_to_log_in(recorded: Host) -> None:
    made = plan(recorded, hostname="quay", more={"no_login": True})
    assert "ssh_authorized_keys" not in user_data(made)


@pytest.mark.parametrize("words", [{"ssh_key": (KEY,)}, {"password": "x"}, {"root_ssh_key": KEY}])
def test_whoever_has_a_login_gets_no_other(recorded: Host, own_home: Path, words: dict[str, Any]) -> None:
    (own_home / ".ssh").mkdir()
    (own_home / ".ssh/id_rsa.pub").write_text(KEY.replace("me@here", "another"))
    assert "another" not in str(user_data(plan(recorded, **words)))


def test_printed_xml_needs_no_login(recorded: Host) -> None:
    made = plan(recorded, hostname="quay", more={"printing": True})
    assert made.plan.steps == () and way(made).known_hosts == ""


def test_the_user_is_named(recorded: Host) -> None:
    assert way(plan(recorded, user="tom", ssh_key=(KEY,))).user == "tom"
    assert way(plan(recorded, completes=False, root_ssh_key=KEY)).user == "root"
    assert way(plan(recorded, completes=False, ssh_key=(KEY,))).user == "debian"


# -- addresses -----------------------------------------------------------------------------------


def test_a_fixed_address_is_in_the_seed(recorded: Host) -> None:
    made = plan(recorded, NETWORK, "network=default", ssh_key=(KEY,))
    assert made.seed is not None
    tree = yaml.safe_load(seed.build(made.seed.request).documents["network-config"])
    first, second = tree["ethernets"].values()
    assert (first["match"], first["addresses"]) == ({"macaddress": MAC}, ["192.0.2.5/24"])
    assert (second["match"], second["dhcp4"]) == ({"macaddress": made.macs[1]}, True)
    assert way(made).address == "192.0.2.5"


def test_a_published_port_leads_to_it(recorded: Host) -> None:
    for text, address in (("48022:22", "127.0.0.1"), ("127.0.0.2:48022:22", "127.0.0.2")):
        made = plan(recorded, "user", ssh_key=(KEY,), more={"publish": (publish("48080:80"), publish(text))})
        assert (way(made).address, way(made).port) == (address, 48022)
    made = plan(recorded, "user", ssh_key=(KEY,), more={"publish": (publish("48022:22/udp"),)})
    assert (way(made).address, way(made).port) == ("", 22)


def test_an_address_beside_a_published_port_is_not_lost(recorded: Host) -> None:
    made = plan(
        recorded, f"user,mac={MAC},static=10.0.2.15/24", ssh_key=(KEY,), more={"publish": (publish("48081:2"),)}
    )
    assert made.seed is not None
    assert [each.mac for each in made.seed.request.interfaces] == [MAC]


@pytest.mark.parametrize(
    ("networks", "words", "more", "message"),
    [
        ((NETWORK,), {}, {"seed": None}, "--network static: the guest has no cloud-init seed"),
        ((NETWORK,), {"network_config": "/x"}, {}, "--network static and --cloud-init network-config= cannot"),
        ((), {}, {"seed": None, "ssh_config": "/x"}, "--ssh-config: the login of this guest is not set up"),
        ((), {"ssh_key": (KEY,)}, {"ssh_config": "/x"}, "--ssh-config requires the address of the guest"),
    ],
)
def test_what_cannot_work(
    recorded: Host, networks: tuple[str, ...], words: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plan(recorded, *networks, more={"method": Method(IMPORT), **more}, **words)
    assert caught.value.hint


@pytest.mark.parametrize(("field", "value"), [("package", ("a",)), ("ca_certs", ("x",)), ("timezone", "UTC")])
def test_what_windows_does_not_take_is_named(recorded: Host, field: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"--{field.replace('_', '-')} cannot be used with Microsoft Windows 11"):
        plan(recorded, system="win11", ssh_key=(KEY,), **{field: value})


def test_an_entry_for_ssh_is_named_like_the_guest(recorded: Host, tmp_path: Path) -> None:
    file = tmp_path / "config"
    made = plan(recorded, NETWORK, ssh_key=(KEY,), more={"ssh_config": str(file)})
    assert (way(made).host, way(made).ssh_config) == ("quay", str(file))
    assert not file.exists()
    file.write_text("Host quay\n")
    with pytest.raises(UsageError, match="has an entry 'quay' that virtprov did not write"):
        plan(recorded, NETWORK, ssh_key=(KEY,), more={"ssh_config": str(file)})


# -- the step ------------------------------------------------------------------------------------


def test_the_step_keeps_the_key_and_takes_it_back(place: Host, home: Path) -> None:
    context = RunContext(place, Progress(), print, print)
    path = home / "known_hosts/1"
    undo = KeepHostKey(str(path), "text").do(context)
    assert path.read_text() == "text" and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    KeepHostKey(str(path), "newer").do(context)
    assert path.read_text() == "newer"
    assert undo is not None
    path.unlink()
    undo()
    again = KeepHostKey(str(path), "text").do(context)
    assert again is not None
    again()
    assert not path.exists()


@pytest.mark.parametrize("written", [False, True])
def test_a_killed_run_leaves_it_to_the_clean_up(place: Host, home: Path, written: bool) -> None:
    context = RunContext(place, Progress(), print, print)
    context.trail = trail.FileTrail("virtprov-install", place, print)
    path = home / "known_hosts/1"
    if written:
        KeepHostKey(str(path), "text").do(context)
    else:
        context.trail.begin(File(str(path)))
    context.trail.let_go()
    ((run, log),) = read_ended_runs([])
    found = leftovers.look(run, place)
    assert [each.artifact.describe() for each in found] == ([f"file {path}"] if written else [])
    for outcome in leftovers.remove(run, place, found, lambda left: False):
        assert outcome.fate == leftovers.REMOVED
    log.close()
    assert not path.exists()


def test_a_folder_that_cannot_be_made(place: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProvError, match="cannot write"):
        KeepHostKey(str(tmp_path / "file/1"), "text").do(RunContext(place, Progress(), print, print))

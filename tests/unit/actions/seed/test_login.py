"""The ssh command of a guest, and what is kept for it."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from virtprov.actions.seed import login
from virtprov.actions.seed.login import Login
from virtprov.host.connection import Host
from virtprov.osinfo.find_profile import find

UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"
CHECKS = "-o HostKeyAlias={uuid} -o StrictHostKeyChecking=yes"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def test_a_guest_of_which_little_is_known() -> None:
    assert Login().line("192.0.2.5") == "ssh 192.0.2.5"
    assert Login("debian").line("2001:db8::5") == "ssh debian@2001:db8::5"


def test_a_known_host_key_is_demanded() -> None:
    way = Login("debian", UUID, "/s/known")
    checks = CHECKS.format(uuid=UUID)
    assert way.line("192.0.2.5") == f"ssh -o UserKnownHostsFile=/s/known {checks} debian@192.0.2.5"


def test_a_folder_with_blanks_is_quoted_for_ssh_and_the_shell() -> None:
    way = Login("a", UUID, "/my files/known")
    assert way.command("h")[2] == 'UserKnownHostsFile="/my files/known"'
    assert "'UserKnownHostsFile=\"/my files/known\"'" in way.line("h")


def test_a_percent_sign_is_none_of_ssh(tmp_path: Path) -> None:
    way = Login("a", UUID, str(tmp_path / "50%d" / "known"), identity=str(tmp_path / "50%d" / "key"))
    done = subprocess.run(["ssh", "-G", *way.command("192.0.2.5")[1:]], capture_output=True, text=True, check=True)
    # the first is read when it is used
    files = [f"identityfile {tmp_path}/50%%d/key", f"userknownhostsfile {tmp_path}/50%d/known"]
    assert [line for line in done.stdout.splitlines() if "50%" in line] == files


def test_the_private_key_beside_the_public_one(tmp_path: Path) -> None:
    for name in ("key", "key.pub", "alone.pub", ".ssh/id_ed25519", ".ssh/id_ed25519.pub"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    inline = "ssh-ed25519 AAAA a@b.pub"
    assert login.find_identity([inline, "agent", f"{tmp_path}/alone.pub", f"{tmp_path}/key.pub"]) == f"{tmp_path}/key"
    assert login.find_identity([f"@{tmp_path}/key.pub"]) == f"{tmp_path}/key"
    assert login.find_identity([f"{tmp_path}/key"]) == "", "this file has the private key, or several public ones"
    assert login.find_identity(["~/.ssh/id_ed25519.pub", f"{tmp_path}/key.pub"]) == "", "ssh tries it by itself"


def test_a_key_of_ones_own_is_named() -> None:
    way = Login("a", UUID, address="192.0.2.5", port=8022, identity="/my keys/one")
    assert way.line() == "ssh -i '/my keys/one' -p 8022 a@192.0.2.5"


def test_a_machine_on_the_way(tmp_path: Path, place: Host) -> None:
    way = Login("a", UUID, "/s/known", identity="/keys/one", jump="ana@far.example:2222")
    assert way.line("192.168.122.5").endswith("-i /keys/one -J ana@far.example:2222 a@192.168.122.5")
    config = tmp_path / "config"
    login.keep_entry(way._replace(host="web", ssh_config=str(config)), place, "192.168.122.5", print)
    done = subprocess.run(["ssh", "-G", "-F", config, "web"], capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert {"hostname 192.168.122.5", "proxyjump ana@far.example:2222", "identityfile /keys/one"} <= set(said)


def test_the_command_for_a_place_does_without_the_entry() -> None:
    way = Login("a", UUID, "/s/known", address="192.0.2.9", host="web", ssh_config="/srv/ssh", identity="/keys/one")
    words = way.command_at("127.0.0.1", 8022)
    assert words[-5:] == ["-i", "/keys/one", "-p", "8022", "a@127.0.0.1"] and "UserKnownHostsFile=/s/known" in words


def test_what_is_known_beforehand_wins() -> None:
    assert Login("a", address="127.0.0.1", port=8022).line("192.0.2.5") == "ssh -p 8022 a@127.0.0.1"


def test_an_entry_has_it_all(tmp_path: Path) -> None:
    own = Login("a", UUID, "/s/known", host="web", ssh_config=str(tmp_path / ".ssh/config"))
    assert own.line("192.0.2.5") == "ssh web"
    other = own._replace(ssh_config="/srv/ssh")
    assert other.line("192.0.2.5") == "ssh -F /srv/ssh web"
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_text("Include config.d/* /srv/s*\nHost x\nInclude /srv/t*\n")
    assert other.line() == "ssh web"
    assert own._replace(ssh_config="/srv/tx").line() == "ssh -F /srv/tx web"


@pytest.mark.parametrize(
    ("system", "user"),
    [("debian12", "debian"), ("ubuntu24.04", "ubuntu"), ("rhel9.0", "cloud-user"), ("win11", ""), ("generic", "")],
)
def test_the_user_of_the_images(system: str, user: str) -> None:
    assert login.default_user(find(system)) == user


def keep(way: Login, key: str = "ssh-ed25519 AAAA") -> Path:
    path = Path(login.known_hosts_path(way.uuid))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(login.known_hosts_text(way, key))
    return path


def test_what_is_kept_is_found_again(home: Path) -> None:
    way = Login("tom", UUID, address="127.0.0.1", port=8022, identity="/keys/one")
    path = keep(way)
    assert path == home / "known_hosts" / UUID
    assert path.read_text().splitlines()[1:] == [f"{UUID} ssh-ed25519 AAAA"]
    assert login.find(UUID) == way._replace(known_hosts=str(path))
    assert login.find("9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e02") is None


def test_without_a_key_only_the_rest_is_known() -> None:
    keep(Login("tom", UUID), key="")
    assert login.find(UUID) == Login("tom", UUID)


@pytest.mark.parametrize("text", ["", "# virtprov {\n", '# virtprov ["a"]\n', '# virtprov {"user": 1, "port": "x"}\n'])
def test_a_damaged_note_is_no_note(text: str) -> None:
    path = keep(Login("tom", UUID))
    path.write_text(f"{text}{UUID} ssh-ed25519 AAAA\n")
    assert login.find(UUID) == Login(uuid=UUID, known_hosts=str(path))


def test_an_entry_is_added_noted_and_forgotten(tmp_path: Path, place: Host) -> None:
    config = tmp_path / ".ssh/config"
    way = Login("tom", UUID, login.known_hosts_path(UUID), host="web", ssh_config=str(config))
    path = keep(way._replace(host="", ssh_config=""))
    login.keep_entry(way, place, "192.0.2.5", print)
    assert login.find(UUID) == way
    assert [stat.S_IMODE(os.stat(file).st_mode) for file in (path, config)] == [0o600, 0o600]
    assert "    HostName 192.0.2.5\n    User tom\n    UserKnownHostsFile " in config.read_text()
    assert login.forget(UUID, place, print) == (str(config), str(path))
    assert config.read_text() == "" and not path.exists()
    assert login.forget(UUID, place, print) == ()


def test_what_somebody_removed_already_is_no_failure(tmp_path: Path, place: Host) -> None:
    config = tmp_path / "config"
    way = Login("tom", UUID, host="web", ssh_config=str(config))
    login.keep_entry(way, place, "192.0.2.5", print)
    config.unlink()
    assert login.forget(UUID, place, print) == (login.known_hosts_path(UUID),)

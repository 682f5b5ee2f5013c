"""Flags for the inside of a guest: they become a request, are completed, and show no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.place import default_host
from virtprov.cli.completion import command as completion
from virtprov.cli.install import command, parse_request
from virtprov.cli.install.flags import install_parser
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.host.connection import Host
from virtprov.options.guest_words import WORDS
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.support import log
from virtprov.support.errors import UsageError

KVM = f"recorded://{Path(__file__).resolve().parents[3] / 'data' / 'hosts' / 'kvm'}"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB me@here"
NEW = ["--name", "quay", "--osinfo", "debian12", "--memory", "64", "--disk", "none", "--import", "--noautoconsole"]
VALUES = {
    "hostname": "h", "user": "u", "ssh-key": "agent", "password-file": "/p", "timezone": "UTC", "package": "x",
    "write": "f:/g", "run": "a, b", "ca-certs": "host", "proxy": "env",
}  # fmt: skip


@pytest.fixture(autouse=True)
def surroundings(only_bundled_profiles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of our own, without keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def test_each_flag_finds_its_place() -> None:
    assert set(VALUES) == {word.name for word in WORDS}
    argv = [text for name, value in VALUES.items() for text in (f"--{name}", value)]
    args = install_parser().parse_args([*argv, "--no-login", "--ssh-config", "~/x", "--seed-dump", "--import"])
    request = parse_request.to_request(args, OsinfoRequest("generic"))
    assert request.seed == SeedRequest(
        hostname="h", user="u", ssh_key=("agent",), password_file="/p", timezone="UTC", package=("x",),
        write=("f:/g",), run=("a, b",), ca_certs=("host",), proxy="env", completes=True,
    )  # fmt: skip
    assert (request.no_login, request.ssh_config) == (True, str(Path.home() / "x"))
    assert parse_request.to_run_request(args).seed_dump


def test_those_that_are_repeated_are_kept_in_order() -> None:
    args = install_parser().parse_args(["--run", "a", "--run", "b", "--package", "x", "--package", "y", "--import"])
    seed = parse_request.to_request(args, OsinfoRequest("generic")).seed
    assert seed is not None and (seed.run, seed.package) == (("a", "b"), ("x", "y"))


@pytest.mark.parametrize(
    ("flag", "text", "offered"),
    [("--ssh-key", "a", ["agent "]), ("--ca-certs", "", ["host "]), ("--proxy", "e", ["env "]), ("--run", "", [])],
)
def test_special_values_are_completed(flag: str, text: str, offered: list[str]) -> None:
    assert completion.of_words(install_parser(), [flag, text]) == offered


def test_the_dump_as_an_object(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("hunter2\n")
    words = ["--user", "tom", "--password-file", str(tmp_path / "pw"), "--seed-dump", "--output", "json"]
    assert command.main(["--connect", KVM, *NEW, *words]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["name"], list(found["documents"])) == ("quay", ["user-data", "meta-data"])
    assert "ssh_keys" in found["documents"]["user-data"] and "ed25519_public" in found["documents"]["user-data"]
    assert "hunter2" not in out + err and "$6$" not in out and "PRIVATE" not in out
    assert not (tmp_path / "state").exists(), "nothing is created"


def test_a_guest_without_a_seed_has_nothing_to_dump() -> None:
    with pytest.raises(UsageError, match="--seed-dump: this guest gets no cloud-init seed"):
        command.main(["--connect", KVM, *NEW, "--seed-dump"])


def test_debug_messages_show_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pw").write_text("hunter2\n")
    monkeypatch.setenv("http_proxy", "http://me:proxyword@proxy:3128")
    heard: list[str] = []
    stop = log.start(heard.append)
    try:
        words = ["--password-file", str(tmp_path / "pw"), "--proxy", "env", "--dry-run"]
        assert command.main(["--connect", KVM, *NEW, *words]) == 0
    finally:
        stop()
    told = "\n".join(heard)
    assert "hunter2" not in told and "proxyword" not in told and "PRIVATE KEY" not in told


@pytest.fixture
def host() -> Iterator[Host]:
    with default_host("quay") as made:
        yield made


def test_a_guest_with_a_fixed_address_gets_its_entry(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / ".ssh/config"
    words = ["--ssh-key", KEY, "--network", "network=default,static=192.0.2.5/24", "--ssh-config", str(config)]
    assert command.main(["--connect", "test:///default", *NEW, *words]) == 0
    info = host.guests.find("quay")
    assert info is not None
    assert config.read_text().splitlines() == [
        f"# virtprov: begin quay {info.uuid} on test:///default",
        "Host quay",
        "    HostName 192.0.2.5",
        "    User debian",
        f"# virtprov: end quay {info.uuid}",
    ]


def test_an_address_that_stays_unknown_is_told(host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config"
    words = ["--ssh-key", KEY, "--ssh-config", str(config)]
    with pytest.raises(UsageError, match="--ssh-config requires the address of the guest"):
        command.main(["--connect", "test:///default", *NEW, *words])
    assert host.guests.find("quay") is None and not config.exists()

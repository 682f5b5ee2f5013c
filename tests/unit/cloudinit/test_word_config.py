"""What goes into a guest as cloud-config, alone and beside the user's own."""

from __future__ import annotations

import base64
from email import message_from_bytes
from typing import Any

import pytest
import yaml

from virtprov.cloudinit import seed
from virtprov.cloudinit.seed_request import SeedRequest, from_options
from virtprov.cloudinit.word_config import cloud_config, names
from virtprov.cloudinit.word_contents import GuestContents, GuestFile, Proxy
from virtprov.support.errors import InputError
from virtprov.support.logins.ssh_key import KeyPair

ALL = GuestContents(
    "UTC", ("a", "b"), (GuestFile("/x", b"hi\n", 0o644),), ("echo",), ("PEM",), Proxy("http://p", "", "c")
)


def test_each_word_has_its_key() -> None:
    environment = 'http_proxy="http://p"\nHTTP_PROXY="http://p"\nno_proxy="c"\nNO_PROXY="c"\n'
    assert cloud_config(ALL) == {
        "timezone": "UTC",
        "packages": ["a", "b"],
        "write_files": [
            {"path": "/x", "permissions": "0644", "content": "hi\n"},
            {"path": "/etc/environment", "append": True, "content": environment},
        ],
        "apt": {"http_proxy": "http://p"},
        "ca_certs": {"trusted": ["PEM\n"]},
    }
    assert names(ALL) == ["timezone", "package", "write", "run", "ca-certs", "proxy"]
    assert cloud_config(GuestContents()) == {} and names(GuestContents()) == []


@pytest.mark.parametrize("data", [b"\x00", "ü\n".encode(), b"a\r\n", b"a" * 2000])
def test_what_is_not_plain_text_is_encoded(data: bytes) -> None:
    (entry,) = cloud_config(GuestContents(files=(GuestFile("/x", data, 0o600),)))["write_files"]
    assert entry["encoding"] == "b64" and base64.b64decode(entry["content"]) == data


def test_an_empty_file_is_empty() -> None:
    (entry,) = cloud_config(GuestContents(files=(GuestFile("/x", b"", 0o600),)))["write_files"]
    assert entry == {"path": "/x", "permissions": "0600", "content": ""}


def test_commands_come_in_order_and_before_disabling() -> None:
    made = seed.build(from_options({"run": ["one", "two; three"], "disable": "yes"}))
    commands = yaml.safe_load(made.documents["user-data"])["runcmd"]
    assert commands[:2] == ["one", "two; three"] and "cloud-init.disabled" in commands[2]


def merged(text: str, **options: object) -> dict[str, object]:
    made = seed.build(from_options({"user-data": text, **options})).documents["user-data"]  # type: ignore[dict-item]
    message: Any = message_from_bytes(made)
    _, second = message.get_payload()
    ours: dict[str, object] = yaml.safe_load(second.get_payload(decode=True))
    return ours


def test_beside_the_users_own_lists_are_added() -> None:
    ours = merged("#cloud-config\npackages: [x]\nruncmd: [y]\n", package=["a"], run=["b"])
    assert (ours["packages"], ours["runcmd"]) == (["a"], ["b"])
    assert ours["merge_how"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("#cloud-config\ntimezone: UTC\n", {"timezone": "Asia/Tokyo"}, "it also sets 'timezone'"),
        ("#cloud-config\npackages: x\n", {"package": ["a"]}, "its 'packages' is not a list"),
        ("#cloud-config\napt: {http_proxy: 'http://x'}\n", {"proxy": "http://p"}, "it also sets 'apt: http_proxy'"),
        ("#cloud-config\nca_certs: [x]\n", {"ca-certs": ["host"]}, "it also sets 'ca_certs'"),
        ("#cloud-config\nca-certs: {}\n", {"ca-certs": ["host"]}, "it also sets 'ca-certs'"),
    ],
)
def test_only_one_of_two_values_could_take_effect(
    text: str, options: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("virtprov.cloudinit.word_contents._added_here", lambda: ["PEM"])
    with pytest.raises(InputError, match=message):
        merged(text, **options)


def test_certificates_of_both_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtprov.cloudinit.word_contents._added_here", lambda: ["PEM"])
    ours = merged("#cloud-config\nca_certs: {trusted: [theirs]}\n", **{"ca-certs": ["host"]})
    assert ours["ca_certs"] == {"trusted": ["PEM\n"]}


def test_the_same_value_in_both_is_fine() -> None:
    assert merged("#cloud-config\ntimezone: UTC\n", timezone="UTC")["timezone"] == "UTC"


def test_the_host_key_is_in_the_seed() -> None:
    made = seed.build(SeedRequest(completes=True, host_key=KeyPair("private\nkey\n", "ssh-ed25519 AAAA")))
    tree = yaml.safe_load(made.documents["user-data"])
    assert tree["ssh_keys"] == {"ed25519_private": "private\nkey\n", "ed25519_public": "ssh-ed25519 AAAA"}
    assert tree["manage_etc_hosts"] is True


def test_a_completed_seed_gives_root_no_key(key: str) -> None:
    tree = yaml.safe_load(seed.build(SeedRequest(completes=True, ssh_key=(key,))).documents["user-data"])
    assert tree["ssh_authorized_keys"] == [key] and "users" not in tree and "disable_root" not in tree


def test_the_callers_keys_are_for_the_user_that_is_created(key: str, other: str) -> None:
    made = seed.build(SeedRequest(completes=True, user="tom", login_keys=(key, other)))
    tree = yaml.safe_load(made.documents["user-data"])
    assert tree["users"][1]["ssh_authorized_keys"] == [key, other] and "ssh_authorized_keys" not in tree
    assert made.warnings == ()

"""Whole seeds: from sub-options to an image that is read back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pycdlib
import pytest
import yaml

from virtprov.cloudinit import seed
from virtprov.cloudinit.seed_request import SeedRequest, from_options
from virtprov.support import log
from virtprov.support.errors import UsageError
from virtprov.support.logins import passwords

Put = Callable[[str, str | bytes], str]


@pytest.fixture
def lines() -> Iterator[list[str]]:
    heard: list[str] = []
    stop = log.start(heard.append)
    yield heard
    stop()


def build(name: str = "web1", **options: str) -> seed.Seed:
    return seed.build(
        from_options({key.replace("_", "-"): text for key, text in options.items()})._replace(guest_name=name)
    )


def test_defaults() -> None:
    made = build()
    assert list(made.documents) == ["user-data", "meta-data"]
    assert made.root_password
    assert len(made.root_password) == 16
    tree = yaml.safe_load(made.documents["user-data"])
    hashed = tree["users"][1]["hashed_passwd"]
    assert hashed == passwords.hash_password(made.root_password, salt=hashed.split("$")[2])
    assert len(tree["runcmd"]) == 2
    assert made.warnings == ()


def test_the_identity_is_that_of_the_meta_data(put: Put) -> None:
    made = build()
    assert yaml.safe_load(made.documents["meta-data"]) == {
        "instance-id": made.instance_id,
        "local-hostname": "web1",
    }
    assert made.hostname == "web1"
    made = build(meta_data=put("md", "instance-id: 17\nlocal-hostname: b\n"))
    assert (made.instance_id, made.hostname) == ("17", "b")
    assert seed.build(SeedRequest(guest_name="g", instance_id="given")).instance_id == "given"


def test_no_password_is_written_or_logged(put: Put, lines: list[str]) -> None:
    log.debug("before")
    first = build()
    second = build(root_password_file=put("pw", "word of the file\n"))
    assert second.root_password is None
    everything = b"".join([*first.documents.values(), *second.documents.values()])
    assert str(first.root_password).encode() not in everything
    assert b"word of the file" not in everything
    log.debug("%s and word of the file", first.root_password)
    assert lines[-1] == f"{log.MASK} and {log.MASK}"
    assert not any(str(first.root_password) in line for line in lines)
    root = yaml.safe_load(second.documents["user-data"])["users"][1]
    assert root["hashed_passwd"] == passwords.hash_password(
        "word of the file", salt=root["hashed_passwd"].split("$")[2]
    )
    assert "runcmd" not in yaml.safe_load(second.documents["user-data"])


def test_a_password_file_may_hold_a_hash(put: Put) -> None:
    known = passwords.hash_password("x")
    tree = yaml.safe_load(build(root_password_file=put("pw", known)).documents["user-data"])
    assert tree["users"][1]["hashed_passwd"] == known


def test_ssh_key_alone_is_for_root_and_the_images_user(put: Put, key: str) -> None:
    tree = yaml.safe_load(build(ssh_key=put("k.pub", key)).documents["user-data"])
    assert tree["ssh_authorized_keys"] == [key]
    assert tree["users"][1]["ssh_authorized_keys"] == [key]
    assert tree["disable_root"] is False


def test_ssh_key_with_a_user_is_that_users(put: Put, key: str, other: str) -> None:
    made = build(user="tom", ssh_key=key, clouduser_ssh_key=put("k.pub", other))
    tree = yaml.safe_load(made.documents["user-data"])
    assert tree["users"][1]["name"] == "tom"
    assert tree["users"][1]["ssh_authorized_keys"] == [key]
    assert tree["ssh_authorized_keys"] == [other]
    assert len(tree["users"]) == 2


def test_ssh_key_joins_the_others(put: Put, key: str, other: str) -> None:
    made = build(ssh_key=key, root_ssh_key=other, clouduser_ssh_key=key)
    tree = yaml.safe_load(made.documents["user-data"])
    assert tree["users"][1]["ssh_authorized_keys"] == [other, key]
    assert tree["ssh_authorized_keys"] == [key]


def test_a_user_nobody_can_be() -> None:
    (warning,) = build(user="tom").warnings
    assert warning.startswith("nobody can log in as 'tom': the user has neither a key (ssh-key=) nor a password")


def test_every_document_is_on_the_image(put: Put, tmp_path: Path) -> None:
    """The mistake of tools that wrote no meta-data, or lost network-config, must not come back."""
    texts = {
        "user-data": "#cloud-config\nruncmd: [date]\n",
        "meta-data": "instance-id: a\nlocal-hostname: b\n",
        "network-config": "version: 2\nethernets: {}\n",
        "vendor-data": "#!/bin/sh\ntrue\n",
    }
    options = {name: put(name, text) for name, text in texts.items()}
    image = pycdlib.PyCdlib()
    image.open_fp(io.BytesIO(seed.iso_bytes(seed.build(from_options(options)._replace(guest_name="g")))))
    assert image.pvd.volume_identifier.rstrip() == b"cidata"
    for kind in ("joliet_path", "rr_path"):
        found = {}
        for folder, _, names in image.walk(**{kind: "/"}):
            for name in names:
                out = io.BytesIO()
                image.get_file_from_iso_fp(out, **{kind: f"{folder}{name}"})
                found[name] = out.getvalue().decode()
        assert found == texts
    image.close()


@pytest.mark.parametrize("given", ["user-data", "network-config", "vendor-data"])
def test_user_data_and_meta_data_are_always_there(put: Put, given: str) -> None:
    text = "version: 2\n" if given == "network-config" else "#cloud-config\n"
    made = seed.build(from_options({given: put("x", text)})._replace(guest_name="g"))
    assert {"user-data", "meta-data", given} == set(made.documents)


def test_the_same_documents_give_the_same_image(put: Put) -> None:
    request = SeedRequest(guest_name="g", disable=True, instance_id="a")
    first, again = seed.build(request), seed.build(request)
    assert seed.iso_bytes(first) == seed.iso_bytes(again)
    assert seed.iso_bytes(seed.build(request._replace(instance_id="b"))) != seed.iso_bytes(first)


def test_warnings_of_all_documents(put: Put) -> None:
    made = build(
        user_data=put("ud", "#cloud-config\nrun_cmd: []\n"),
        meta_data=put("md", "a: 1\na: 2\n"),
        network_config=put("nc", "version: 2\nethernet: {}\n"),
        vendor_data=put("vd", "\n#cloud-config\n"),
    )
    assert len(made.warnings) == 4


def test_two_values_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(b"#cloud-config\n")

    monkeypatch.setattr("sys.stdin", Input())
    with pytest.raises(UsageError, match="user-data and vendor-data cannot both be read from standard input"):
        build(user_data="-", vendor_data="-")


def test_a_password_file_for_the_images_own_user(put: Put, lines: list[str]) -> None:
    made = build(password_file=put("pw", "word of the user\n"))
    tree = yaml.safe_load(made.documents["user-data"])
    assert tree["password"] == passwords.hash_password("word of the user", salt=tree["password"].split("$")[2])
    assert made.warnings == ()
    log.debug("the word of the user")
    assert lines[-1] == f"the {log.MASK}"


def test_a_password_for_a_new_user_is_a_login(put: Put) -> None:
    made = build(user="tom", password_file=put("pw", "x\n"))
    assert yaml.safe_load(made.documents["user-data"])["users"][1]["lock_passwd"] is False
    assert made.warnings == ()


def test_a_password_on_the_command_line_is_warned_of_unless_it_is_a_hash() -> None:
    (said,) = build(password="of everybody").warnings
    assert said.startswith("password= is visible in the list of processes")
    assert "of everybody" not in said
    known = passwords.hash_password("x")
    made = build(password=known)
    assert made.warnings == ()
    assert yaml.safe_load(made.documents["user-data"])["password"] == known


def test_two_passwords_are_refused() -> None:
    with pytest.raises(UsageError, match="password and password-file cannot be used together"):
        build(password="x", password_file="y")


def test_a_host_name_is_put_into_the_hosts_file() -> None:
    assert yaml.safe_load(build(hostname="web.example.com").documents["user-data"])["manage_etc_hosts"] is True
    assert "manage_etc_hosts" not in yaml.safe_load(build(root_password_generate="yes").documents["user-data"])

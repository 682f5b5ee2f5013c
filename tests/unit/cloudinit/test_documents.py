"""The documents of a seed, and how ours and the user's go together."""

from __future__ import annotations

import email
import gzip
from email.message import Message
from typing import Any

import pytest
import yaml

from virtprov.cloudinit import documents
from virtprov.cloudinit.documents import DISABLE, Wishes
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.cloudinit.value_sources import Source
from virtprov.support.errors import InputError, UsageError

HASH = "$6$salt$hash"
SETTINGS = [
    {"name": "list", "settings": ["append"]},
    {"name": "dict", "settings": ["no_replace", "recurse_list"]},
]


def user_data(wishes: Wishes, given: Source | None, **fields: Any) -> documents.Document:
    return documents.user_data(SeedRequest(guest_name="web", **fields), wishes, given)


def config(wishes: Wishes) -> Any:
    data = user_data(wishes, None).data
    assert data.startswith(b"#cloud-config\n")
    return yaml.safe_load(data)


def source(text: str | bytes) -> Source:
    return Source("'ud'", text if isinstance(text, bytes) else text.encode())


def parts(data: bytes) -> list[Message]:
    message = email.message_from_bytes(data)
    assert message.is_multipart()
    return [part for part in message.walk() if not part.is_multipart()]


def test_nothing_wished_is_the_header_alone() -> None:
    assert user_data(Wishes(), None).data == b"#cloud-config\n"


def test_root_password() -> None:
    root = {"name": "root", "lock_passwd": False, "hashed_passwd": HASH}
    assert config(Wishes(root_hash=HASH)) == {"users": ["default", root]}
    assert config(Wishes(root_hash=HASH, root_expires=True)) == {
        "users": ["default", root],
        "runcmd": ["passwd -e root"],
    }


def test_no_deprecated_form_is_used() -> None:
    text = user_data(Wishes(HASH, True, ("k",), ("k",), "tom", ("k",), "/bin/sh", True), None).data
    for old in (b"chpasswd", b"ssh-authorized-keys", b"passwd:", b"plain_text"):
        assert old not in text.replace(b"hashed_passwd:", b"").replace(b"lock_passwd:", b"")


def test_keys() -> None:
    assert config(Wishes(image_user_keys=("a", "b"))) == {"ssh_authorized_keys": ["a", "b"]}
    assert config(Wishes(root_keys=("a",))) == {
        "users": ["default", {"name": "root", "lock_passwd": False, "ssh_authorized_keys": ["a"]}]
    }


def test_a_key_that_root_shares_is_not_turned_off(key: str, other: str) -> None:
    kind, data, _ = key.split()
    assert "disable_root" not in config(Wishes(root_keys=(key,), image_user_keys=(other,)))
    shared = config(Wishes(root_keys=(key,), image_user_keys=(other, f"{kind} {data} another comment")))
    assert shared["disable_root"] is False


def test_a_user() -> None:
    assert config(Wishes(user="tom", user_keys=("a",))) == {
        "users": [
            "default",
            {
                "name": "tom",
                "shell": "/bin/bash",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "lock_passwd": True,
                "ssh_authorized_keys": ["a"],
            },
        ]
    }
    assert config(Wishes(user="tom", shell="/bin/sh"))["users"][1]["shell"] == "/bin/sh"


def test_disable_comes_last() -> None:
    assert config(Wishes(root_hash=HASH, root_expires=True, disable=True))["runcmd"] == ["passwd -e root", DISABLE]


def test_long_keys_stay_on_one_line() -> None:
    key = "ssh-rsa " + "A" * 800 + " somebody: with a colon # and more"
    text = user_data(Wishes(image_user_keys=(key,)), None).data.decode()
    assert any("A" * 800 in line for line in text.splitlines())
    assert yaml.safe_load(text)["ssh_authorized_keys"] == [key]


@pytest.mark.parametrize(
    "data",
    [
        b"#cloud-config\r\n# comment\r\nruncmd: [date]",
        b"#!/bin/sh\ntrue\n",
        gzip.compress(b"#cloud-config\n", mtime=0),
        b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x--\n",
    ],
)
def test_the_users_bytes_are_kept(data: bytes) -> None:
    assert user_data(Wishes(), source(data)).data == data


def test_both_become_two_parts() -> None:
    text = "#cloud-config\n# keep me\nruncmd:\n  - date\nusers: [default, alice]\n"
    wishes = Wishes(root_keys=("k",), user="tom", disable=True)
    first, second = parts(user_data(wishes, source(text)).data)
    assert first.get_content_type() == second.get_content_type() == "text/cloud-config"
    assert first.get_payload() == text
    ours = yaml.safe_load(str(second.get_payload()))
    assert ours["merge_how"] == SETTINGS
    assert [user["name"] for user in ours["users"]] == ["root", "tom"]
    assert ours["runcmd"] == [DISABLE]


def test_default_stays_when_the_user_lists_nobody() -> None:
    _, second = parts(user_data(Wishes(user="tom"), source("#cloud-config\n")).data)
    assert yaml.safe_load(str(second.get_payload()))["users"][0] == "default"


def test_a_script_stands_beside_ours() -> None:
    first, second = parts(user_data(Wishes(disable=True), source("#!/bin/sh\ntrue\n")).data)
    assert first.get_content_type() == "text/x-shellscript"
    assert first.get_payload() == "#!/bin/sh\ntrue\n"
    assert second.get_content_type() == "text/cloud-config"


def test_a_template_stays_one() -> None:
    text = "## template: jinja\n#cloud-config\nhostname: {{ v1.x }}\n"
    first, second = parts(user_data(Wishes(root_keys=("k",)), source(text)).data)
    assert first.get_content_type() == "text/jinja2"
    assert first.get_payload() == text
    # what keys it gives to the image's user is not known: root's must work in any case
    assert yaml.safe_load(str(second.get_payload()))["disable_root"] is False


@pytest.mark.parametrize("text", ["#cloud-config\nx: ä\n", "#cloud-config\r\nx: a\r\n", "#!/bin/sh\n#" + "x" * 2000])
def test_text_that_mail_would_break_travels_coded(text: str) -> None:
    first, _ = parts(user_data(Wishes(disable=True), source(text)).data)
    assert first["Content-Transfer-Encoding"] == "base64"
    assert first.get_payload(decode=True) == text.encode()


def test_the_same_input_gives_the_same_document() -> None:
    wishes = Wishes(disable=True)
    first = user_data(wishes, source("#cloud-config\nruncmd: [date]\n"))
    assert first == user_data(wishes, source("#cloud-config\nruncmd: [date]\n"))


def test_a_shared_key_in_the_users_file(key: str, other: str) -> None:
    text = f"#cloud-config\nssh_authorized_keys: ['{key}', 5]\n"
    _, second = parts(user_data(Wishes(root_keys=(key,)), source(text)).data)
    assert yaml.safe_load(str(second.get_payload()))["disable_root"] is False
    _, second = parts(user_data(Wishes(root_keys=(other,)), source(text)).data)
    assert "disable_root" not in yaml.safe_load(str(second.get_payload()))


ROOT = Wishes(root_hash=HASH)
IMAGE = Wishes(image_user_keys=("k",))


@pytest.mark.parametrize(
    ("body", "wishes", "words"),
    [
        ("users: [default, {name: root}]", ROOT, "it already defines a user 'root'"),
        ("users: ['alice, tom']", Wishes(user="tom"), "it already defines a user 'tom'"),
        ("users: {root: {}}", ROOT, "its 'users' is not a list"),
        ("users: alice", ROOT, "its 'users' is not a list"),
        ("runcmd: date", Wishes(disable=True), "its 'runcmd' is not a list"),
        ("ssh_authorized_keys: k", IMAGE, "its 'ssh_authorized_keys' is not a list"),
        ("users: [alice]", IMAGE, "its 'users' omits 'default', so the ssh key would not be used"),
        ("chpasswd: {list: 'a:b\n\n  root:x'}", ROOT, "its 'chpasswd' also sets root's password"),
        ("chpasswd: {list: ['root:x']}", ROOT, "its 'chpasswd' also sets root's password"),
        ("chpasswd: {users: [{name: root, password: x}]}", ROOT, "its 'chpasswd' also sets root's password"),
        (
            "disable_root: true\nssh_authorized_keys: [k]",
            Wishes(root_keys=("k",)),
            "it has 'disable_root: true', but root should get a key",
        ),
    ],
)
def test_what_cannot_both_be_had(body: str, wishes: Wishes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        user_data(wishes, source(f"#cloud-config\n{body}\n"))
    assert str(caught.value).startswith("'ud' cannot be combined with the other --cloud-init sub-options")
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("body", "wishes"),
    [
        ("users: null\nruncmd: null", Wishes(user="tom", disable=True)),
        ("chpasswd: {expire: false}", ROOT),
        ("chpasswd: {list: ['alice:x'], users: [{name: bob}]}", ROOT),
        ("chpasswd: null", ROOT),
        ("disable_root: true", Wishes(root_keys=("k",))),
        ("disable_root: false\nssh_authorized_keys: [k]", Wishes(root_keys=("k",))),
        ("users: [alice]", Wishes(user="tom")),
        ("users: ['alice, default']", IMAGE),
        ("users: [{gecos: nameless}, 7]", Wishes(user="tom")),
    ],
)
def test_what_can_both_be_had(body: str, wishes: Wishes) -> None:
    assert len(parts(user_data(wishes, source(f"#cloud-config\n{body}\n")).data)) == 2


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (gzip.compress(b"#cloud-config\n", mtime=0), "gzipped"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x--\n", "already multi-part"),
    ],
)
def test_nothing_is_added_to_a_bundle(data: bytes, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        user_data(Wishes(root_hash=HASH, user="tom", disable=True), source(data))
    assert f"the root password, the user 'tom' and disable cannot be added to 'ud', which is {word}" in str(
        caught.value
    )


def test_bad_user_data_is_refused_with_or_without_wishes() -> None:
    for wishes in (Wishes(), ROOT):
        with pytest.raises(InputError, match="'ud', line 2: invalid YAML"):
            user_data(wishes, source("#cloud-config\na: b: c\n"))


def test_warnings_travel() -> None:
    for wishes in (Wishes(), ROOT):
        document = user_data(wishes, source("#cloud-config\nrun_cmd: []\n"))
        assert "did you mean 'runcmd'" in document.warnings[0]


def meta(text: str | None, **fields: str) -> Any:
    given = None if text is None else Source("'md'", text.encode())
    return documents.meta_data(SeedRequest(guest_name="My Guest", **fields), given).data  # type: ignore[arg-type]


def test_meta_data_of_our_own() -> None:
    first, second = yaml.safe_load(meta(None)), yaml.safe_load(meta(None))
    assert first["local-hostname"] == "my-guest"
    assert first["instance-id"].startswith("iid-")
    assert first["instance-id"] != second["instance-id"]
    assert yaml.safe_load(meta(None, hostname="web", instance_id="mine")) == {
        "instance-id": "mine",
        "local-hostname": "web",
    }


def test_a_guest_name_without_a_letter() -> None:
    data = documents.meta_data(SeedRequest(guest_name="***"), None).data
    assert yaml.safe_load(data)["local-hostname"] == "guest"


def test_complete_meta_data_is_kept_byte_for_byte() -> None:
    text = "# mine\ninstance-id:   a\nlocal-hostname: b # x\n"
    assert meta(text) == text.encode()
    assert meta(text, hostname="b") == text.encode()
    text = '{"instance-id": "a", "local-hostname": "b"}'
    assert meta(text) == text.encode()


def test_meta_data_is_completed() -> None:
    assert yaml.safe_load(meta("instance-id: a\nx: [1, {y: 2}]\n")) == {
        "instance-id": "a",
        "local-hostname": "my-guest",
        "x": [1, {"y": 2}],
    }
    done = yaml.safe_load(meta("local-hostname: b\n"))
    assert done["local-hostname"] == "b"
    assert done["instance-id"].startswith("iid-")
    for empty in ("", "# nothing\n", "instance-id: ''\nlocal-hostname:\n"):
        done = yaml.safe_load(meta(empty))
        assert done["instance-id"].startswith("iid-")
        assert done["local-hostname"] == "my-guest"


def test_hostname_in_meta_data_is_what_was_meant() -> None:
    assert yaml.safe_load(meta("instance-id: a\nhostname: myhost\n"))["local-hostname"] == "myhost"


def test_meta_data_keeps_anchors_small() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    assert len(meta(f"l0: &l0 [x]\n{levels}\n")) < 5000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "line 1: the meta-data is a list"),
        ("hello\n", "line 1: the meta-data is plain text"),
        ("a: b: c\n", "line 1: invalid YAML"),
        ("instance-id: a\nlocal-hostname: b\n", "has 'local-hostname: b', but hostname=web is given"),
    ],
)
def test_no_meta_data(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        meta(text, hostname="web")
    assert str(caught.value).startswith("'md'")
    assert words in str(caught.value)


TALOS = "version: v1alpha1\nmachine: {type: worker}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TALOS, "a Talos machine config"),
        ('{"version": "v1alpha1", "machine": {}}\n', "a Talos machine config"),
        ("#ps1_sysnative\nGet-Date\n", "a script for Windows"),
    ],
)
def test_nothing_is_added_to_what_another_service_reads(text: str, reason: str) -> None:
    assert user_data(Wishes(), source(text)).data == text.encode()
    with pytest.raises(UsageError, match=f"disable cannot be added to 'ud', which is {reason}"):
        user_data(Wishes(disable=True), source(text))


def test_without_the_check_anything_is_passed_on_and_nothing_added() -> None:
    document = user_data(Wishes(), source("packages: [x]\n"), strict=False)
    assert document.data == b"packages: [x]\n"
    assert document.warnings[0].startswith("passed on as it is: 'ud', line 1: cloud-init does not recognise")
    with pytest.raises(UsageError, match="added to 'ud', which is of a kind that cloud-init does not know"):
        user_data(Wishes(disable=True), source("packages: [x]\n"), strict=False)


def test_meta_data_is_passed_on_without_the_check() -> None:
    request = SeedRequest(guest_name="web", strict=False)
    document = documents.meta_data(request, source("just text"))
    assert document.data == b"just text"
    assert "the meta-data is plain text" in document.warnings[0]


def test_an_empty_file_is_the_same_as_none_beside_wishes() -> None:
    document = user_data(Wishes(disable=True), source(""))
    assert yaml.safe_load(document.data) == {"runcmd": [DISABLE]}
    assert document.warnings == ("'ud' is empty",)


def test_the_password_of_the_images_user_does_not_expire() -> None:
    assert config(Wishes(password_hash=HASH)) == {"password": HASH, "chpasswd": {"expire": False}}


def test_the_password_of_a_new_user() -> None:
    user = config(Wishes(user="tom", password_hash=HASH))["users"][1]
    assert (user["name"], user["hashed_passwd"], user["lock_passwd"]) == ("tom", HASH, False)


def test_two_passwords_of_the_images_user_are_refused() -> None:
    with pytest.raises(InputError, match="it also sets a 'password'"):
        user_data(Wishes(password_hash=HASH), source("#cloud-config\npassword: x\n"))


def test_the_host_name_is_resolved_in_the_guest() -> None:
    assert config(Wishes(manage_hosts=True)) == {"manage_etc_hosts": True}
    kept = user_data(Wishes(manage_hosts=True), source("#cloud-config\npackages: [vim]\n"))
    assert kept.data == b"#cloud-config\npackages: [vim]\n"
    _, second = parts(user_data(Wishes(manage_hosts=True, disable=True), source("#cloud-config\n")).data)
    assert yaml.safe_load(str(second.get_payload()))["manage_etc_hosts"] is True

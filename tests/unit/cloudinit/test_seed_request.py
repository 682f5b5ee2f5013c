"""Sub-options into a request."""

from __future__ import annotations

import pytest

from virtprov.cloudinit.seed_request import KEEP, UNTIL_READY, SeedRequest, from_options
from virtprov.support.errors import UsageError


def test_nothing_means_virt_installs_defaults() -> None:
    assert from_options({}) == SeedRequest(root_password_generate=True, disable=True)


def test_anything_turns_those_defaults_off() -> None:
    assert from_options({"disable": "yes"}) == SeedRequest(disable=True)
    assert from_options({"keep": "yes"}) == SeedRequest(keep=KEEP)
    assert from_options({"root-password-generate": "no"}) == SeedRequest()


def test_every_text() -> None:
    options = {
        "root-password-file": "pw",
        "root-ssh-key": "a",
        "clouduser-ssh-key": "b",
        "user-data": "c",
        "meta-data": "d",
        "network-config": "e",
        "vendor-data": "f",
        "hostname": "web.example.com",
        "user": "tom",
        "ssh-key": "g",
    }
    assert from_options(options) == SeedRequest(
        root_password_file="pw",
        root_ssh_key="a",
        clouduser_ssh_key="b",
        user_data="c",
        meta_data="d",
        network_config="e",
        vendor_data="f",
        hostname="web.example.com",
        user="tom",
        ssh_key=("g",),
    )


def test_an_empty_text_is_not_given() -> None:
    assert from_options({"user-data": "", "disable": "yes"}) == SeedRequest(disable=True)


def test_keep() -> None:
    assert from_options({"keep": "first-boot"}).keep == "first-boot"
    assert from_options({"user": "joe"}).keep == UNTIL_READY


@pytest.mark.parametrize(
    ("options", "words", "hint"),
    [
        (
            {"root-password-generate": "yes", "root-password-file": "x"},
            "root-password-generate and root-password-file cannot be used together",
            "one of them",
        ),
        ({"user": "root"}, "user: root already exists", "root-ssh-key"),
        ({"user": "default"}, "user: 'default' is reserved for the image's own user", "clouduser-ssh-key"),
        ({"user": "Tom"}, "user: 'Tom' is not a valid user name", "lower-case"),
        ({"user": "1tom"}, "user: '1tom' is not a valid user name", ""),
        ({"user": "-tom"}, "user: '-tom' is not a valid user name", ""),
        ({"user": "t:m"}, "user: 't:m' is not a valid user name", ""),
        ({"user": "t" * 33}, "is not a valid user name", ""),
        ({"hostname": "my_host"}, "hostname: 'my_host' is not a valid host name", "'my-host'"),
        ({"hostname": "***"}, "hostname: '***' is not a valid host name", "letters"),
        ({"hostname": "a..b"}, "hostname: 'a..b' is not a valid host name", "'a.b'"),
    ],
)
def test_nonsense(options: dict[str, str], words: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_options(options)
    assert str(caught.value).startswith("--cloud-init")
    assert words in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["tom", "tom-2", "_svc", "a_b", "t" * 32])
def test_good_user_names(name: str) -> None:
    assert from_options({"user": name}).user == name

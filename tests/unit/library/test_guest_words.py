"""What goes into a guest: options of their own and sub-options of --cloud-init are the same words."""

from __future__ import annotations

from typing import Any

import pytest

import virtprov
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.library import cloning, guest_words, install_request
from virtprov.library.install_request import NewGuest
from virtprov.support.errors import UsageError

ALL = {
    "hostname": "h", "user": "u", "ssh_key": ["/a", "agent"], "password_file": "/p", "timezone": "UTC",
    "package": ["x", "y"], "write": "f:/g", "run": ["a, b", "c"], "ca_certs": "host", "proxy": "env",
}  # fmt: skip
IN_ONE = SeedRequest(
    hostname="h", user="u", ssh_key=("/a", "agent"), password_file="/p", timezone="UTC", package=("x", "y"),
    write=("f:/g",), run=("a, b", "c"), ca_certs=("host",), proxy="env",
)  # fmt: skip
TEXT = (
    "hostname=h,user=u,ssh-key=/a,ssh-key=agent,password-file=/p,timezone=UTC,package=x,package=y,write=f:/g,"
    "run=a, b,run=c,ca-certs=host,proxy=env"
)


def seed_of(**fields: Any) -> SeedRequest | None:
    return install_request.to_request(NewGuest(**{"import_disk": True, **fields})).seed


def test_a_new_guest() -> None:
    assert seed_of(**ALL) == IN_ONE._replace(completes=True)
    assert seed_of(cloud_init=TEXT) == IN_ONE
    assert seed_of(cloud_init=TEXT, **ALL) == IN_ONE
    assert seed_of() is None


@pytest.mark.parametrize("cloud_init", ["none", ["none"], ["user=u", "none"]])
def test_an_installer_that_is_answered_without_a_seed(cloud_init: str | list[str]) -> None:
    request = install_request.to_request(NewGuest(cdrom="/a.iso", unattended="", cloud_init=cloud_init))
    assert request.unattended is not None and request.seed is None


def test_a_clone() -> None:
    assert cloning.to_request(virtprov.Copy(original="a", **ALL)).seed == IN_ONE  # type: ignore[arg-type]
    assert cloning.to_request(virtprov.Copy(original="a", cloud_init=TEXT)).seed == IN_ONE


def test_what_bare_cloud_init_stands_for_is_not_lost() -> None:
    bare = SeedRequest(root_password_generate=True, disable=True)
    assert seed_of(cloud_init="") == bare
    assert seed_of(cloud_init="", timezone="UTC") == bare._replace(timezone="UTC")
    assert seed_of(cloud_init="timezone=UTC") == SeedRequest(timezone="UTC")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timezone": "UTC", "cloud_init": "timezone=Asia/Tokyo"}, "--timezone and --cloud-init timezone=Asia/Tokyo"),
        ({"run": ["a"], "cloud_init": "run=a,run=b"}, "--run and --cloud-init run=b cannot be used together"),
        ({"timezone": "UTC", "cloud_init": "none"}, "--timezone cannot be used with --cloud-init none"),
        ({"package": "x", "import_disk": False, "pxe": True}, "--package cannot be used with an installer"),
        ({"user": "x", "import_disk": False, "location": "http://h/t"}, "--user cannot be used with an installer"),
        ({"hostname": "h", "import_disk": False, "reinstall": "a"}, "--hostname cannot be used with --reinstall"),
        ({"hostname": "a_b"}, "--hostname: 'a_b' is not a valid host name"),
        ({"cloud_init": "hostname=a_b"}, "--cloud-init hostname: 'a_b' is not a valid host name"),
        ({"password_file": "/p", "cloud_init": "password=x"}, "password and password-file cannot be used together"),
    ],
)
def test_what_contradicts_itself(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        seed_of(**fields)
    assert message in caught.value.message and caught.value.hint


def test_an_installer_may_read_a_seed_if_it_is_asked_for() -> None:
    made = seed_of(import_disk=False, pxe=True, cloud_init="keep=yes", timezone="UTC")
    assert made == SeedRequest(keep="yes", timezone="UTC")


@pytest.mark.parametrize("fields", [{"ssh_key": "-"}, {"write": ["-:/etc/x"]}, {"cloud_init": "user-data=-"}])
def test_standard_input_belongs_to_the_program(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="only the commands can read standard input"):
        guest_words.refuse_standard_input(NewGuest(**fields)._asdict())

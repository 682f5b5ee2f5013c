"""What is answered where nothing is given, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.support.errors import InputError, UsageError
from virtprov.support.logins import passwords
from virtprov.unattended.answers import Answers, check_words, choose_profile, read_answers
from virtprov.unattended.unattended_request import UnattendedRequest, from_options

from . import sample

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")


def read(system: str, request: UnattendedRequest, root: Path, **environment: str) -> Answers:
    return read_answers(request, sample.installer_of(system), environment=environment, root=str(root))


def test_what_is_not_given_comes_from_this_machine(tmp_path: Path) -> None:
    (tmp_path / "etc/default").mkdir(parents=True)
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    (tmp_path / "etc/default/keyboard").write_text('XKBMODEL="pc105"\nXKBLAYOUT="de,us"\n')
    found = read("fedora43", UnattendedRequest(guest_name="My Web"), tmp_path, LOGNAME="Ana", LANG="de_AT@euro")
    assert (found.hostname, found.user, found.timezone) == ("my-web", "ana", "Asia/Tokyo")
    assert (found.keyboard, found.locale, found.profile) == ("de", "de_AT.UTF-8", "desktop")


def test_a_bare_machine_and_root_have_defaults(tmp_path: Path) -> None:
    found = read("fedora43", UnattendedRequest(), tmp_path, LOGNAME="root", LANG="C.UTF-8")
    assert (found.hostname, found.user, found.timezone) == ("guest", "", "UTC")
    assert (found.keyboard, found.locale) == ("us", "en_US.UTF-8")


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("a" * 32, "a" * 32),
        ("a" * 33, ""),
        ("b1-c_d", "b1-c_d"),
        ("1a", ""),
        ("-a", ""),
        ("a.b", ""),
        ("josé", ""),
        ("ROOT", ""),
    ],
)
def test_the_callers_name_is_only_taken_if_linux_takes_it(name: str, user: str, tmp_path: Path) -> None:
    assert read("fedora43", UnattendedRequest(), tmp_path, LOGNAME=name).user == user


@pytest.mark.parametrize(("system", "is_user"), [("fedora43", False), ("ubuntu24.04", True), ("win11", True)])
def test_without_a_login_a_password_is_made_for_root_or_the_user(system: str, is_user: bool, tmp_path: Path) -> None:
    found = read(system, UnattendedRequest(), tmp_path)
    assert len(found.generated) == 16
    assert found.generated == (found.user_password if is_user else found.admin_password)
    assert passwords.is_hash(found.user_hash if is_user else found.admin_hash)
    assert bool(found.user) == is_user


def test_with_a_key_or_a_password_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("first unattended \n")
    request = from_options({"admin-password-file": [str(tmp_path / "secret")]})
    found = read("fedora43", request, tmp_path)
    assert (found.generated, found.admin_password) == ("", "first unattended ")
    salt = found.admin_hash.split("$")[2]
    assert found.admin_hash == passwords.hash_password("first unattended ", salt=salt)
    assert read("fedora43", from_options({"ssh-key": [sample.KEY]}), tmp_path).generated == ""


def test_a_hash_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(sample.HASH)
    found = read("debian13", from_options({"admin-password-file": [str(tmp_path / "secret")]}), tmp_path)
    assert found.admin_hash == sample.HASH


def test_a_password_without_a_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("unattended-secret")
    request = from_options({"password-file": [str(tmp_path / "secret")]})
    with pytest.raises(UsageError, match="no user is named") as caught:
        read("fedora43", request, tmp_path, LOGNAME="root")
    assert "user-login" in caught.value.hint
    assert read("ubuntu24.04", request, tmp_path, LOGNAME="root").user == "ubuntu"


def test_a_missing_password_file_is_named(tmp_path: Path) -> None:
    request = from_options({"admin-password-file": [str(tmp_path / "nosuch")]})
    with pytest.raises(InputError, match="nosuch"):
        read("fedora43", request, tmp_path)


@pytest.mark.parametrize(
    ("system", "word", "text"),
    [
        ("win11", "ssh-key", sample.KEY),
        ("win11", "package", "vim"),
        ("win11", "proxy", "http://proxy.example:1"),
        ("alpinelinux3.22", "package", "vim"),
        ("alpinelinux3.22", "run", "true"),
        ("alpinelinux3.22", "password-file", "x"),
    ],
)
def test_a_word_that_an_installer_does_not_take_is_named(system: str, word: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"--{word} cannot be used with --unattended") as caught:
        check_words(from_options({word: [text]}), sample.installer_of(system))
    assert sample.installer_of(system).title in caught.value.message


@pytest.mark.parametrize(("field", "value"), [("write", ("a:/b",)), ("ca_certs", ("host",))])
def test_files_and_certificates_are_refused(field: str, value: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=field.replace("_", "-")):
        check_words(UnattendedRequest()._replace(**{field: value}), sample.installer_of("fedora43"))


def test_only_windows_takes_drivers() -> None:
    check_words(from_options({"drivers": ["virtio-win.iso"]}), sample.installer_of("win11"))
    with pytest.raises(UsageError, match="drivers"):
        check_words(from_options({"drivers": ["virtio-win.iso"]}), sample.installer_of("debian13"))


@pytest.mark.parametrize(("system", "profile"), [("win11", "jeos"), ("alpinelinux3.22", "desktop")])
def test_a_profile_that_there_is_not(system: str, profile: str) -> None:
    installer = sample.installer_of(system)
    assert choose_profile(UnattendedRequest(), installer) == installer.profiles[0]
    with pytest.raises(UsageError, match=f"profile={profile}"):
        choose_profile(UnattendedRequest(profile=profile), installer)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"script": ["osinfo"], "template": ["x"]}, "script and template"),
        ({"hostname": ["a b"]}, "hostname"),
        ({"locale": ["de; reboot"]}, "locale"),
        ({"keyboard": ["'"]}, "keyboard"),
        ({"run": ["a\nb"]}, "line break"),
        ({"product-key": ["a\x1b"]}, "product-key"),
        ({"user": ["root"]}, "root already exists"),
        ({"timezone": ["Mars/Olympus"]}, "unknown time zone"),
    ],
)
def test_values_that_cannot_work(words: dict[str, list[str]], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        from_options(words)
    assert caught.value.hint

"""Hostile values reach the installer as they were given: another parser reads what was written."""

from __future__ import annotations

import json
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from virtprov.support.errors import UsageError
from virtprov.support.logins import passwords
from virtprov.unattended.answers import check_words
from virtprov.unattended.unattended_request import from_options

from . import sample

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")

HOSTILE = "'\"`$\\&<>#%:;{}[]()|!*?~,=@-+ "
letters = st.one_of(
    st.sampled_from(HOSTILE), st.characters(exclude_categories=("C", "Zl", "Zp", "Zs")), st.sampled_from("aé漢😀")
)
texts = st.text(letters, min_size=1, max_size=30).filter(lambda text: text.isprintable() and text.strip())
WORST = (
    """it's "so" `x` $HOME \\n \\ %d {{user}} # & <b> ]]> :: - 'é漢😀\U000e0100' !""",
    "key: value",
    "- item",
    "{a: b}",
    "%",
    "null",
    "0x10",
)


class Found(NamedTuple):
    """What a parser reads from answers: ssh keys, the script or the commands, and some of the other texts."""

    keys: list[str]
    commands: str
    texts: list[str]


def read_kickstart(files: dict[str, bytes]) -> Found:
    parser = KickstartParser(makeVersion("RHEL9"), errorsAreFatal=True)
    parser.readKickstartFromString(files["ks.cfg"].decode())
    handler = parser.handler
    login = [handler.rhsm.organization, handler.rhsm.activation_keys[0]]
    return Found(
        [key.key for key in handler.sshkey.sshUserList], handler.scripts[0].script, [*login, handler.url.proxy]
    )


def read_preseed(files: dict[str, bytes]) -> Found:
    lines = [line.split(None, 3) for line in files["preseed.cfg"].decode().split("\n") if line and line[0] != "#"]
    values = {words[1]: words[3] for words in lines if len(words) == 4}
    script = files["late.sh"].decode()
    with tempfile.TemporaryDirectory() as folder:
        # the script itself says which keys it would write
        own = script.split("\n")[3:4]
        line = own[0].rpartition(" >> ")[0]
        said = subprocess.run(["sh", "-c", line], capture_output=True, check=True, cwd=folder, timeout=60).stdout
    return Found([said.decode().rstrip("\n")], script, [values["mirror/http/proxy"]])


def read_autoinstall(files: dict[str, bytes]) -> Found:
    tree = yaml.safe_load(files["user-data"])["autoinstall"]
    commands = [words[-1] for words in tree["late-commands"]]
    return Found(tree["ssh"]["authorized-keys"], "\n".join(commands) + "\n", [tree["proxy"]])


def read_autoyast(files: dict[str, bytes]) -> Found:
    root = ET.fromstring(files["autoinst.xml"])
    texts = {node.tag.rpartition("}")[2]: node.text or "" for node in root.iter()}
    keys = [node.text or "" for node in root.iter() if node.tag.endswith("}listentry")]
    return Found(keys, texts["source"], [texts["email"], texts["reg_code"], texts["http_proxy"]])


def read_agama(files: dict[str, bytes]) -> Found:
    tree = json.loads(files["autoinst.json"])
    product = tree["product"]
    script = tree["scripts"]["post"][0]["content"]
    return Found([tree["root"]["sshPublicKey"]], script, [product["registrationEmail"], product["registrationCode"]])


READERS: dict[str, Callable[[dict[str, bytes]], Found]] = {
    "rhel9.4": read_kickstart,
    "debian13": read_preseed,
    "ubuntu24.04": read_autoinstall,
    "opensuse15.6": read_autoyast,
    "opensuse16.0": read_agama,
}
PROXY = "http://a%25b:c&d$<e>;#'!f@proxy.example:3128".replace("'", "")


@pytest.mark.parametrize("system", READERS)
@settings(max_examples=60)
@given(command=texts, comment=texts, key=texts, login=texts)
@example(*[WORST[0]] * 4)
@example(*WORST[1:5])
@example(*WORST[3:])
def test_values_arrive_as_they_were_given(system: str, command: str, comment: str, key: str, login: str) -> None:
    assume(not command.endswith("\\"))  # the shell reads on in the next line
    public = f"{sample.KEY.rpartition(' ')[0]} {comment.strip()}"
    words = {"ssh-key": [public], "run": [command, "last"], "user": ["ana"], "proxy": [PROXY]}
    request = from_options(words | {"product-key": [key], "reg-login": [login]})
    try:
        check_words(request, sample.installer_of(system))
    except UsageError:
        assert system == "rhel9.4" and command.lstrip().startswith("%")
        return
    with tempfile.TemporaryDirectory() as folder:
        files = sample.rendered(request, system, Path(folder), source="http://mirror.example/os").files
    found = READERS[system](files)
    assert found.keys == [public]
    assert found.commands.rstrip("\n ").endswith(f"\n{command}\nlast".rstrip("\n "))
    assert set(found.texts) <= {key, login, PROXY} and (PROXY in found.texts) == (system != "opensuse16.0")


@pytest.mark.parametrize("command", ["%end", " %include http://192.0.2.1/", "%pre", "%post --nochroot"])
def test_a_command_does_not_end_the_section_of_a_kickstart_file(command: str) -> None:
    with pytest.raises(UsageError, match="starts with '%'"):
        check_words(from_options({"run": [command]}), sample.installer_of("fedora43"))
    check_words(from_options({"run": [command]}), sample.installer_of("debian13"))


@settings(max_examples=60)
@given(password=texts, product=texts, owner=texts)
@example(*WORST[:3])
@example(" lead and trail ", "a:b", "%")
@example("\xa0~\xa0", "a", "b")
def test_windows_gets_the_password_itself(password: str, product: str, owner: str) -> None:
    assume(not passwords.is_hash(password))
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "secret")
        secret.write_text(f"{password}\n", encoding="utf-8")
        words = {"admin-password-file": [str(secret)], "password-file": [str(secret)], "user": ["ana"]}
        request = from_options(words | {"product-key": [product], "reg-login": [owner]})
        root = ET.fromstring(sample.rendered(request, "win11", Path(folder)).files["autounattend.xml"])
    values = [node.text for node in root.iter() if node.tag.endswith("}Value")]
    assert values == ["1", password, password]
    assert [node.text for node in root.iter() if node.tag.endswith("}Key")][-1] == product
    assert [node.text for node in root.iter() if node.tag.endswith("}RegisteredOwner")] == [owner]


@settings(max_examples=40)
@given(password=texts)
@example("pass:word%20 'x' $6$ ")
@example("$6$salt$ a password that looks like a hash")
def test_the_hash_is_that_of_the_password(password: str) -> None:
    assume(not passwords.is_hash(password))
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "secret")
        secret.write_text(f"{password}\n", encoding="utf-8")
        request = from_options({"admin-password-file": [str(secret)]})
        files = sample.rendered(request, "debian13", Path(folder)).files
    line = next(line for line in files["preseed.cfg"].decode().split("\n") if "root-password-crypted" in line)
    hashed = line.split()[3]
    assert hashed == passwords.hash_password(password, salt=hashed.split("$")[2])


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        *((f"a{letter}b", "control character") for letter in "\x07\t\x1f\x7f\x9f\ufffe\uffff"),
        (sample.HASH, "given as a hash"),
    ],
)
@pytest.mark.parametrize("word", ["admin-password-file", "password-file"])
def test_windows_takes_no_hash_and_no_control_character(secret: str, message: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(secret)
    request = from_options({word: [str(tmp_path / "secret")], "user": ["ana"]})
    with pytest.raises(UsageError, match=message) as caught:
        sample.answers(request, "win11", tmp_path)
    assert secret not in caught.value.message and caught.value.hint
    assert sample.answers(request, "debian13", tmp_path).user == "ana"


@settings(max_examples=60)
@given(
    keyboard=st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True),
    name=st.from_regex("[a-z][a-z0-9-]{0,20}[a-z]", fullmatch=True),
)
def test_alpine_reads_its_answers_with_a_shell(keyboard: str, name: str) -> None:
    public = f"{sample.KEY.rpartition(' ')[0]} {WORST[0]}"
    words = {"ssh-key": [public], "proxy": [PROXY], "keyboard": [keyboard], "hostname": [name]}
    with tempfile.TemporaryDirectory() as folder:
        answers = sample.rendered(from_options(words), "alpinelinux3.22", Path(folder)).files["answers"]
        Path(folder, "answers").write_bytes(answers)
        show = '. ./answers; printf "%s\\n" "$ROOTSSHKEY" "$PROXYOPTS" "$KEYMAPOPTS" "$HOSTNAMEOPTS"'
        said = subprocess.run(["sh", "-uc", show], cwd=folder, capture_output=True, check=True, timeout=60).stdout
    assert said.decode().split("\n")[:4] == [public, PROXY, f"{keyboard} {keyboard}", f"-n {name}"]

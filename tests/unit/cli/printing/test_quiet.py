"""--quiet prints results and failures, and nothing else, whatever kind of message there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.place import default_host
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.trail import FileTrail
from virtprov.cli import app, clone
from virtprov.cli.edit import command as edit
from virtprov.cli.install import command as install
from virtprov.cli.printing.output import Output
from virtprov.host.connection import Host
from virtprov.support.slow_calls import waiting

TOOLS: dict[str, Any] = {"virtprov-install": install.main, "virtprov-clone": clone.main, "virtprov-xml": edit.main}
GUEST = """<domain type='test'><name>src</name><memory>65536</memory><os><type>hvm</type></os><devices>
<interface type='user'/></devices></domain>"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only_bundled_profiles: None) -> Iterator[Host]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with default_host("src") as opened:
        opened.guests.define(GUEST)
        yield opened
        for name in set(opened.guests.names()) - {"src", "test"}:
            opened.guests.destroy(name)
            opened.guests.undefine(name)


def leave(host: Host) -> None:
    """Leave what an interrupted run leaves."""
    trail = FileTrail("virtprov-install", host, print)
    trail.begin(Volume("gone.img", "default-pool", "/default-pool/gone.img")).note_created()
    trail.let_go()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("virtprov-install --memory 64 --import --osinfo generic --disk none --noautoconsole", "Using default --name"),
        ("virtprov-install --memory 64 --import --osinfo generic --disk none --noautoconsole", "warning: the guest is"),
        ("virtprov-install --name n --memory 64 --import --osinfo generic --disk none --noautoconsole", "is running."),
        (
            "virtprov-install --name n --memory 64 --import --osinfo generic --noautoconsole "
            "--disk pool=default-pool,size=1",
            "warning: --import: the guest boots from",
        ),
        ("virtprov-install --clean-up --yes", "Nothing to clean up from"),
        ("virtprov-clone -o src --auto-clone", "'src-clone' gets a new MAC address"),
        ("virtprov-clone -o src --auto-clone", "Created guest"),
        ("virtprov-xml src --edit --memory 99", "Changed the definition of 'src'"),
        ("virtprov-xml test --define --edit --memory 99", "Effect on the running guest 'test'"),
        ("virtprov-xml src --undo", "1 guest restored"),
    ],
)
def test_nothing_is_said(words: str, shown: str, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    tool, *flags = words.split()
    flags[:0] = ["--connect", "test:///default"]

    def run(*more: str) -> tuple[str, str]:
        if "--undo" in flags:
            app.run(tool, TOOLS[tool], ["--connect", "test:///default", "src", "--edit", "--memory", "70", "--quiet"])
        if "--clean-up" in flags:
            leave(host)
        assert app.run(tool, TOOLS[tool], [*flags, *more]) == 0
        said = capsys.readouterr()
        for name in set(host.guests.names()) - {"src", "test"}:
            host.guests.destroy(name)
            host.guests.undefine(name)
        host.storage.delete_volume("default-pool", "n.qcow2")
        return said.out, said.err

    assert shown in "".join(run())
    assert run("--quiet") == ("", "")


def test_a_call_that_takes_long_is_not_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet, said in ((False, "waiting for the host\n"), (True, "")):
        Output(quiet=quiet)
        waiting.state.tell("waiting for the host")
        assert capsys.readouterr().err == said


def test_a_failure_is_told_with_its_hint(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--connect", "test:///default", "srk", "--edit", "--memory", "99", "--quiet"]
    assert app.run("virtprov-xml", edit.main, words) == 3
    assert capsys.readouterr().err.splitlines() == [
        "virtprov-xml: error: guest 'srk' not found on test:///default", "hint: did you mean 'src'?",
    ]  # fmt: skip

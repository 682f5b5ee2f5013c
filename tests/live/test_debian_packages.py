"""The Debian packages, built here and installed on bare Debian 12 and 13."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import bare_root

from tests.shell_at_terminal import Shell
from virtprov import __version__
from virtprov.cli.compat import OLD

pytestmark = pytest.mark.live

TOP = Path(__file__).resolve().parents[2]
COMMANDS = ("virtprov-install", "virtprov-clone", "virtprov-xml")
OLD_COMMANDS = ("virt-install", "virt-clone", "virt-xml")
HOST = """\
<node><domain type='test'><name>$(touch ran) it's</name><memory>1024</memory><os><type>hvm</type></os><devices>
<disk type='file'><source file='/a'/><target dev='vda'/></disk></devices></domain></node>
"""
URI = "test:///root/host.xml"
KEEP = """\
import os, sys
from virtprov.cli.completion import on_host
from virtprov.support.slow_calls import in_time
uri = sys.argv[1]
in_time.answer(uri, on_host.GUESTS, lambda asked: on_host.ask_host(uri, asked), os.open(os.devnull, os.O_WRONLY))
"""
START = {
    "bash": (["bash", "--norc", "-i"], "source /usr/share/bash-completion/bash_completion"),
    "zsh": (["zsh", "-i", "-o", "NO_RCS"], "autoload -Uz compinit; compinit -u -D"),
}
"""How the shells are started, and what a user's settings do in them."""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
JOE = "setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/joe".split()
PACKAGED = (
    "usr/share/bash-completion/completions/virtprov-clone",
    "usr/share/zsh/vendor-completions/_virtprov-clone",
    "usr/share/fish/vendor_completions.d/virtprov-clone.fish",
)


class Debian(NamedTuple):
    """A root with the packages."""

    root: Path

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        return subprocess.run(bare_root.command(self.root, list(argv)), capture_output=True, text=True, check=False)

    def output(self, *argv: str) -> str:
        """Run a command that succeeds without a word on standard error, and return what it prints."""
        done = self.run(*argv)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def keep_names(self) -> None:
        """Let the completion know the guests beforehand: a busy machine may take longer than a user waits."""
        self.output("python3", "-c", KEEP, URI)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Both packages, built here."""
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run([TOP / "tools/deb", folder], check=True)
    return sorted(folder.glob("*.deb"))


@pytest.fixture(scope="module", params=bare_root.SUITES)
def debian(
    request: pytest.FixtureRequest, packages: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Debian]:
    """A Debian with both packages, and a file for libvirt's test driver."""
    root = tmp_path_factory.mktemp("debian") / request.param
    subprocess.run(["cp", "-a", bare_root.ready_root(request.param, print), root], check=True)
    for package in packages:
        shutil.copy(package, root / "root")
    debian = Debian(root)
    names = [f"/root/{package.name}" for package in packages]
    done = debian.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    (root / "root/host.xml").write_text(HOST)
    yield debian
    shutil.rmtree(root)


def test_there_are_two_packages(packages: list[Path]) -> None:
    assert [package.name for package in packages] == [
        f"virtprov-as-virt-install_{__version__}_all.deb",
        f"virtprov_{__version__}_all.deb",
    ]


def test_nothing_is_wrong_with_what_is_installed(debian: Debian) -> None:
    assert debian.output("dpkg", "--audit") == ""
    assert debian.output("dpkg", "--verify", "virtprov", "virtprov-as-virt-install") == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_run(debian: Debian, command: str) -> None:
    assert debian.output(command, "--version") == f"{__version__}\n"


@pytest.mark.parametrize("command", OLD_COMMANDS)
def test_the_old_names_run(debian: Debian, command: str) -> None:
    assert debian.output(command, "--version") == f"{OLD.version}\n"


@pytest.mark.parametrize("command", (*COMMANDS, *OLD_COMMANDS))
def test_man_finds_the_pages(debian: Debian, command: str) -> None:
    page = debian.output("man", "-P", "cat", command)
    assert f"virt{'' if command in OLD_COMMANDS else 'prov'}-" in command
    assert page.splitlines()[0].startswith(command.upper().replace("VIRT-", "VIRTPROV-")) and "SYNOPSIS" in page


def test_a_guest_is_created_on_the_test_driver(debian: Debian) -> None:
    argv = "virtprov-install --connect test:///default --name web --osinfo debian12 --memory 1024 --disk none --import"
    made = json.loads(debian.output(*argv.split(), "--noautoconsole", "--output", "json"))
    assert made["name"] == "web"


@pytest.mark.parametrize("command", ("virtprov-xml", "virt-xml"))
@pytest.mark.parametrize("shell", ("bash", "zsh"))
def test_bash_and_zsh_find_the_completion(debian: Debian, shell: str, command: str) -> None:
    start, setup = START[shell]
    with Shell(bare_root.command(debian.root, start), setup, ENVIRONMENT) as typed:
        assert typed.complete(f"{command} --disk driver.queue_s").line == f"{command} --disk driver.queue_size="
        debian.keep_names()
        found = typed.complete(f"{command} -c {URI} \\$")
        assert found.words == [command, "-c", URI, "$(touch ran) it's"]
    assert not (debian.root / "ran").exists()


@pytest.mark.parametrize("command", ("virtprov-xml", "virt-xml"))
def test_fish_finds_the_completion(debian: Debian, command: str) -> None:
    debian.keep_names()
    line = f"{command} -c {URI} "
    code = f"complete -C '{command} --disk driver.queue_s'; complete --escape -C '{line}'"
    first, second = debian.output("fish", "-c", code).splitlines()
    assert first == "driver.queue_size="
    words = debian.output("fish", "-c", f"printf '<%s>' {line}{second}")
    assert words == f"<{command}><-c><{URI}><$(touch ran) it's>"
    assert not (debian.root / "ran").exists()


@pytest.mark.parametrize("user", ("root", "joe"))
@pytest.mark.parametrize("shell", ("bash", "zsh", "fish"))
def test_what_is_installed_by_hand_is_found(debian: Debian, shell: str, user: str) -> None:
    """The package's own script is taken away before."""
    for place in PACKAGED:
        (debian.root / place).unlink(missing_ok=True)
    become = JOE if user == "joe" else []
    debian.output("install", "-d", "-o", "1000", "/home/joe")
    said = debian.output(*become, "virtprov-install", "--completion", shell, "--install").splitlines()
    files = [line.removeprefix("Created ") for line in said if line.startswith("Created ")]
    assert len(files) == 3
    line, completed = "virtprov-clone --make-t", "virtprov-clone --make-template "
    if shell == "fish":
        assert debian.output(*become, "fish", "-c", f"complete -C '{line}'") == "--make-template\n"
    else:
        start, setup = START[shell]
        own = "fpath=(~/.local/share/zsh/site-functions $fpath); " if shell == "zsh" and become else ""
        with Shell(bare_root.command(debian.root, [*become, *start]), own + setup, ENVIRONMENT) as typed:
            assert typed.complete(line).line == completed
    debian.output("rm", *files)


def test_what_is_removed_leaves_nothing(debian: Debian) -> None:
    done = debian.run("apt-get", "purge", "-q", "-y", "virtprov", "virtprov-as-virt-install")
    assert done.returncode == 0, done.stderr
    left = [path for folder in ("usr", "etc") for path in (debian.root / folder).rglob("*virtprov*")]
    assert left == []

"""The completion scripts, in real shells: what they ask for, and that names on a host cannot do any harm."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.shell_at_terminal import Shell
from virtprov.cli.completion import on_host
from virtprov.cli.shells import scripts
from virtprov.support.slow_calls import in_time

ROOT = Path(__file__).resolve().parents[4]
TOOLS = ("virtprov-install", "virtprov-clone", "virtprov-xml")
# A guest's name, and what is typed of it in bash and zsh. Names that nothing can be typed of have "\x1b" in them.
NAMES = {
    "plain": "pl",
    "two words": "two\\ w",
    "quoted words": '"quoted w',
    "it's": "it\\'",
    'say "so"': "'say \"",
    "$(touch ran)": "\\$\\(",
    "`touch ran`": "\\`",
    "back\\slash": "back",
    "a;touch ran|b&c": "a",
    "x:y=z": "x",
    "~tilde": "\\~",
    "#hash": "\\#",
    "!bang": "\\!",
    "star*[a]?": "star",
    "{b,c}": "\\{",
    "per%cent": "per",
    "Grüße": "G",
    "-dash": None,
    "tab\there": None,
    "esc\x9b31m": None,
}
TYPED = {name: text for name, text in NAMES.items() if text is not None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shells are, with a host."""
    folder = tmp_path_factory.mktemp("shells")
    guests = "".join(
        f"<domain type='test'><name>{escape(name)}</name><memory>64</memory><os><type>hvm</type></os></domain>"
        for name in NAMES
    )
    (folder / "zzz-file").touch()
    (folder / "host.xml").write_text(f"<node>{guests}</node>".replace("\t", "&#9;"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def uri(folder: Path) -> str:
    return f"test://{folder}/host.xml"


@pytest.fixture(scope="module")
def environment(folder: Path, uri: str) -> dict[str, str]:
    """An environment with the commands on PATH; the host's answer is known, however busy this machine is."""
    cache = {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_STATE_HOME": str(folder / "state")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cache.items():
            patch.setenv(name, value)
        number = os.open(os.devnull, os.O_WRONLY)
        in_time.answer(uri, on_host.GUESTS, lambda question: on_host.ask_host(uri, question), number)
        assert set(in_time.kept(uri, on_host.GUESTS)) == set(NAMES)
    path = f"{ROOT / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8", "HISTFILE": "", **cache}


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest, folder: Path, environment: dict[str, str]) -> Iterator[Shell]:
    """A shell with the completion of virtprov-xml."""
    argv = {"bash": ["bash", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}[request.param]
    setup = "autoload -Uz compinit; compinit -u -D; " if request.param == "zsh" else ""
    setup += f"cd {folder}; source <(virtprov-xml --completion {request.param})"
    with Shell(argv, setup, environment) as shell:
        yield shell


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_each_command_prints_its_scripts(tool: str, kind: str) -> None:
    argv = [sys.executable, str(ROOT / "bin" / tool), "--completion", kind]
    done = subprocess.run(argv, text=True, capture_output=True, check=True)
    assert done.stdout == scripts.script(kind, tool)
    assert tool in done.stdout and "TOOL" not in done.stdout and "NAME" not in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("--disk path=/x,driver.queue_s", "--disk path=/x,driver.queue_size="),
        ("--disk driver.cache=writet", "--disk driver.cache=writethrough"),
        ("--print-d", "--print-diff "),
        ("--file /etc/hostna", "--file /etc/hostname "),
    ],
)
def test_bash_and_zsh_complete_options(shell: Shell, typed: str, completed: str) -> None:
    assert shell.complete(f"virtprov-xml {typed}").line == f"virtprov-xml {completed}"


@pytest.mark.parametrize("name", TYPED)
def test_bash_and_zsh_complete_names(shell: Shell, uri: str, folder: Path, name: str) -> None:
    completed = shell.complete(f"virtprov-xml -c {uri} {TYPED[name]}")
    assert completed.words == ["virtprov-xml", "-c", uri, name]
    assert not (folder / "ran").exists()


def test_bash_and_zsh_offer_files_only_where_they_can_stand(shell: Shell, uri: str) -> None:
    assert shell.complete("virtprov-xml --file zz").line == "virtprov-xml --file zzz-file "
    assert shell.complete(f"virtprov-xml -c {uri} zz").line == f"virtprov-xml -c {uri} zz"


def test_fish_completes(folder: Path, uri: str, environment: dict[str, str]) -> None:
    code = f"""
        virtprov-xml --completion fish | source
        complete -C 'virtprov-xml --disk path=/x,driver.queue_s'
        for found in (complete --escape -C 'virtprov-xml -c {uri} ')
            eval "printf '<%s>' $found"
        end
        complete -C 'virtprov-xml -c {uri} "two w'
        complete -C 'virtprov-xml -c {uri} two\\\\ w'
        complete -C 'virtprov-xml -c {uri} zz'
        complete -C 'virtprov-xml --file zz'
    """
    argv = ["fish", "--no-config", "-c", code]
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    first, names, *same = done.stdout.replace("two words\n", "\ntwo words\n", 1).splitlines()
    assert first == "path=/x,driver.queue_size="
    assert set(names.removeprefix("<").removesuffix(">").split("><")) == set(TYPED)
    assert same == ["two words", "two words", "zzz-file"]
    assert not (folder / "ran").exists()

"""The ends of every command: status, words, JSON, signals, broken pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from virtprov import __version__
from virtprov.cli import app
from virtprov.cli.install import command
from virtprov.support import errors, log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the signal handlers back: `run` takes them for the whole process."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def failing(error: BaseException) -> Callable[[list[str]], int]:
    def main(argv: list[str]) -> int:
        raise error

    return main


def in_process(body: str, *words: str, before: Sequence[str] = (), **how: Any) -> subprocess.CompletedProcess[str]:
    """Run `body` as the tool's main in a process of its own, with the real streams and signals, by way of `before`."""
    lines = "\n    ".join(body.splitlines())
    code = (
        "import sys\nfrom virtprov.cli import app\n"
        f"def main(argv):\n    {lines}\nsys.exit(app.run('tool', main, sys.argv[1:]))"
    )
    argv = [*before, sys.executable, "-c", code, *words]
    return subprocess.run(argv, cwd=ROOT, text=True, stderr=subprocess.PIPE, check=False, **how)


def test_status_of_the_tool_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("tool", lambda argv: len(argv), ["a", "b"]) == 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (errors.ProvError("no"), 1, "failed"),
        (errors.UsageError("no"), 2, "usage"),
        (errors.InputError("no"), 2, "input"),
        (errors.XmlError("no"), 2, "input"),
        (errors.HostError("no"), 3, "host"),
        (errors.WaitTimeout("no"), 4, "timeout"),
        (errors.GuestBroken("no"), 5, "guest"),
        (errors.FetchError("no"), 1, "fetch"),
        (errors.MediaError("no"), 1, "media"),
        (errors.CommandError("no"), 1, "command"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ValueError("no"), 1, "bug"),
        (OSError(28, "No space left on device", "/x"), 1, "failed"),
    ],
)
def test_every_failure_has_its_code_and_kind(
    error: BaseException, code: int, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run("tool", failing(error), ["--output", "json"]) == code
    body = json.loads(capsys.readouterr().out)["error"]
    assert (body["kind"], body["exit_code"], body["tool"]) == (kind, code, "tool")


def test_all_errors_of_the_family_are_known() -> None:
    family = {name for name, what in vars(errors).items() if isinstance(what, type)}
    assert family - {"ProvError", "XmlError", "ParseError"} == set(app.KINDS)


def test_message_and_hint_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    app.run("tool", failing(errors.UsageError("no 'x\ny'", hint="run `x 'a\nerror: b'`")), [])
    assert capsys.readouterr().err == "tool: error: no 'x\\x0ay'\nhint: run `x 'a\\x0aerror: b'`\n"


def test_message_and_hint_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    app.run("tool", failing(errors.UsageError("no option 'x'", hint="did you mean 'y'?")), [])
    assert capsys.readouterr() == ("", "tool: error: no option 'x'\nhint: did you mean 'y'?\n")


@pytest.mark.parametrize("words", [["--output=json"], ["-q", "--output", "json"]])
def test_json_is_asked_for_in_either_spelling(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    app.run("tool", failing(errors.ProvError("no", hint="try")), words)
    assert json.loads(capsys.readouterr().out)["error"]["hint"] == "try"


@pytest.mark.parametrize("words", [["--output", "text"], ["--", "--output=json"], ["json"]])
def test_no_json_unasked(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    app.run("tool", failing(errors.ProvError("no")), words)
    assert capsys.readouterr().out == ""


def test_a_bug_is_called_one_and_shows_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("tool", failing(KeyError("name")), []) == 1
    err = capsys.readouterr().err
    assert err.startswith("tool: error: this is a bug in virtprov: KeyError: 'name'\nhint: ")
    assert "--debug" in err and "Traceback" not in err


@pytest.mark.parametrize("error", [KeyError("name"), errors.HostError("gone")])
def test_debug_shows_the_traceback(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    app.run("tool", failing(error), ["--debug"])
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["-qd", "--name"], ["-q", "-d", "--name"], ["--name", "--output", "json", "-d"], ["--nonsense", "--debug"]],
)
def test_debug_counts_where_the_line_is_wrong(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("virtprov-install", command.main, words) == 2
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "told"), [(["--name", "--output", "json"], True), (["--name", "--output"], False)])
def test_json_counts_where_the_line_is_wrong(words: list[str], told: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("virtprov-install", command.main, words) == 2
    assert bool(capsys.readouterr().out) is told


@pytest.mark.parametrize(
    ("words", "heard"),
    [(["--debug"], True), (["-qd"], True), (["--deb"], True), ([], False), (["--", "-d"], False)],
)
def test_debug_shows_what_goes_on_inside(words: list[str], heard: bool) -> None:
    body = (
        "from virtprov.cli import parser\nfrom virtprov.support import log\n"
        "made = parser.parser('tool', usage='', description='')\nmade.add_argument('names', nargs='*')\n"
        "parser.add_talk(made, made)\nmade.parse_args(argv)\nlog.debug('opening %s', 'x')\nreturn 0"
    )
    done = in_process(body, *words)
    assert ("opening x" in done.stderr) is heard


def test_secrets_are_masked_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    word = log.secret("tr0ub4dor")
    app.run("tool", failing(errors.ProvError(f"bad {word}", hint=word)), ["-d", "--output=json"])
    printed = capsys.readouterr()
    assert word not in printed.out and word not in printed.err


def test_a_missing_library_is_named_with_its_package(capsys: pytest.CaptureFixture[str]) -> None:
    missing = ModuleNotFoundError("No module named 'yaml.nodes'", name="yaml.nodes")
    assert app.run("tool", failing(missing), []) == 1
    err = capsys.readouterr().err
    assert "PyYAML cannot be loaded" in err and "pip install PyYAML" in err and "bug" not in err


@pytest.mark.parametrize(("code", "status"), [(None, 0), (2, 2), ("sentence", 1)])
def test_leaving_by_system_exit(code: int | str | None, status: int) -> None:
    assert app.run("tool", failing(SystemExit(code)), []) == status


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_interrupt_and_let_the_tool_undo(name: str) -> None:
    body = f"import os, signal\ntry:\n    os.kill(os.getpid(), signal.{name})\nfinally:\n    print('undone')"
    done = in_process(body, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout, done.stderr) == (130, "undone\n", "tool: interrupted\n")


def test_a_signal_ignored_from_outside_stays_ignored() -> None:
    body = "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\nreturn 0"
    done = in_process(body, before=["sh", "-c", 'trap "" HUP; exec "$@"', "sh"])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("body", ["print('x' * 100000)\nreturn 0", "print('x')\nsys.exit(0)", "raise ValueError('x')"])
def test_a_reader_that_left_is_no_drama(body: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = in_process(body, "--output=json", stdout=writer)
    os.close(writer)
    assert done.returncode == (1 if "raise" in body else app.UNWRITTEN)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_output_that_cannot_be_written_is_said() -> None:
    with open("/dev/full", "w") as full:
        done = in_process("print('x')\nreturn 0", stdout=full)
    said = "tool: error: the command succeeded, but cannot write to standard output: no space left on device\n"
    assert (done.returncode, done.stderr) == (app.UNWRITTEN, said)


def ended(body: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run `body` as the whole of a command, from its start to the end of the process."""
    lines = "\n    ".join(body.splitlines())
    code = f"import sys\nfrom virtprov.cli import app\ndef main(argv):\n    {lines}\nsys.exit(app._start('tool', main))"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, check=False, **how)


def test_the_short_way_out_loses_nothing(tmp_path: Path) -> None:
    body = (
        "import atexit, tempfile\n"
        "folder = tempfile.TemporaryDirectory(dir='.')\n"
        "atexit.register(lambda: print('at exit', __import__('os').path.exists(folder.name)))\n"
        "print('x' * 200000)\nreturn 3"
    )
    done = ended(body.replace("dir='.'", f"dir={str(tmp_path)!r}"), capture_output=True)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "x" * 200000 + "\nat exit True\n"
    assert list(tmp_path.iterdir()) == []


def test_a_thread_that_still_works_is_waited_for(tmp_path: Path) -> None:
    body = (
        "import threading\n"
        "main_is_done = threading.main_thread().join\n"
        f"threading.Thread(target=lambda: (main_is_done(), open({str(tmp_path / 'mark')!r}, 'w').close())).start()\n"
        "return 4"
    )
    assert ended(body).returncode == 4
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", ["virtprov-install", "virtprov-clone", "virtprov-xml"])
def test_version_answers_before_anything_is_loaded(name: str) -> None:
    code = (
        "import runpy, sys\n"
        "from virtprov.cli import app\n"
        "app.use_environment_of = lambda checkout: None\n"
        f"sys.argv = [{name!r}, '--version']\n"
        "try:\n"
        f"    runpy.run_path('bin/{name}')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "assert not {'argparse', 'libvirt', 'lxml', 'virtprov.guest.write.subopts'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (__version__ + "\n", "")


def checkout(tmp_path: Path, python: str) -> Path:
    """A tree with the commands and a .venv whose interpreter is the script `python`."""
    (tmp_path / "tree").mkdir()
    for name in ("bin", "virtprov"):
        (tmp_path / "tree" / name).symlink_to(ROOT / name)
    script = tmp_path / "tree" / ".venv" / "bin" / "python"
    script.parent.mkdir(parents=True)
    script.write_text(python)
    script.chmod(0o755)
    return tmp_path / "tree"


def handed_over(tree: Path) -> subprocess.CompletedProcess[str]:
    code = f"from virtprov.cli import app; app.use_environment_of({str(tree)!r}); print('stayed')"
    words = [sys.executable, "-c", code, "one", "two words"]
    return subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=False)


def test_a_checkout_hands_over_to_its_own_environment(tmp_path: Path) -> None:
    tree = checkout(tmp_path, '#!/bin/sh\nprintf "%s|" own "$@"\n')
    assert handed_over(tree).stdout == "own|-c|one|two words|"


def test_a_checkout_without_environment_runs_where_it_is(tmp_path: Path) -> None:
    tree = checkout(tmp_path, "")
    (tree / ".venv" / "bin" / "python").unlink()
    assert handed_over(tree).stdout == "stayed\n"

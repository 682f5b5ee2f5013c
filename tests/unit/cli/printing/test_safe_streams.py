"""Standard streams that are closed, full, or without a reader; and text from outside on them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.json_schemas import MADE_UP
from virtprov.cli import app
from virtprov.cli.printing import safe_streams
from virtprov.cli.printing.output import Output, confirm
from virtprov.support.errors import ProvError

BIN = Path(__file__).resolve().parents[4] / "bin"
CREATE = "virtprov-install --connect test:///default --name n --memory 64 --disk none --import --osinfo generic"
COMMANDS = [
    "virtprov-install --version",
    "virtprov-clone --version",
    "virtprov-xml --version",
    "virtprov-install --help",
    "virtprov-clone --help",
    "virtprov-xml --help",
    "virtprov-install --disk help",
    "virtprov-install --osinfo list",
    "virtprov-install --completion bash",
    "virtprov-install --complete virtprov-install --di",
    f"{CREATE} --print-xml",
    f"{CREATE} --dry-run",
    f"{CREATE} --output json",
    CREATE,
    "virtprov-clone --connect test:///default --original-xml - --auto-clone --print-xml",
    "virtprov-xml --connect test:///default test --edit --memory 64",
    "virtprov-xml --connect test:///default --all --edit --memory 64 --print-diff",
]
GUEST = "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os></domain>"


def shell(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell with the commands on PATH."""
    around = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **env}
    return subprocess.run(["sh", "-c", line], input=GUEST, capture_output=True, text=True, env=around, check=False)


def without_reader(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell whose standard output is a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            ["sh", "-c", line],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
            check=False,
        )
    finally:
        os.close(writing)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_standard_output_is_told_with_a_status_of_its_own(command: str) -> None:
    done = shell(f"{command} >/dev/full")
    assert done.returncode == app.UNWRITTEN
    assert "error: the command succeeded, but cannot write to standard output: no space left on device\n" in done.stderr
    assert "Traceback" not in done.stderr and "bug" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_standard_output_is_told_as_well(command: str) -> None:
    done = shell(f"{command} >&-")
    assert done.returncode == app.UNWRITTEN
    assert "error: the command succeeded, but cannot write to standard output: bad file descriptor\n" in done.stderr
    assert "Traceback" not in done.stderr and "bug" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_at_all_can_be_written(command: str) -> None:
    assert shell(f"{command} >&- 2>&- <&-").returncode in (app.UNWRITTEN, 2)


@pytest.mark.parametrize("command", ["virtprov-install --version", "virtprov-install --osinfo list", CREATE])
def test_standard_error_that_is_full_changes_nothing(command: str) -> None:
    done = shell(f"{command} 2>/dev/full")
    assert done.returncode == 0 and done.stdout


def test_a_reader_that_left_is_no_news_where_nothing_was_changed() -> None:
    done = without_reader("virtprov-install --osinfo list")
    assert (done.returncode, done.stderr) == (app.UNWRITTEN, "")


def test_but_it_is_where_something_was() -> None:
    done = without_reader(f"{CREATE} --output json")
    assert done.returncode == app.UNWRITTEN
    assert "error: the command succeeded, but cannot write to standard output: broken pipe\n" in done.stderr


def test_a_failure_keeps_its_status() -> None:
    done = shell("virtprov-xml --connect test:///default nobody --edit --memory 1 --output json >/dev/full")
    assert done.returncode == 3 and "guest 'nobody' not found on " in done.stderr


def test_a_password_that_is_said_once_is_said_on_the_other_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    with open("/dev/full", "w", encoding="utf-8") as full, open("/dev/full", "w", encoding="utf-8") as another:
        monkeypatch.setattr(sys, "stdout", safe_streams.Shown(full))
        Output().password("Password for root's first login: tiger")
        monkeypatch.setattr(sys, "stdout", safe_streams.Shown(another))
        Output(json=True).object(MADE_UP, {"guests": [{"cloud_init": {"root_password": "lion"}}]})
    assert err.getvalue() == "Password for root's first login: tiger\nPassword for root's first login: lion\n"


def test_what_was_not_shown_is_not_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", safe_streams.Shown(full))
        Output().result("- a\n+ b")
        with pytest.raises(
            ProvError,
            match="cannot write to standard output: nothing has been done, because the change to confirm could not be"
            " shown",
        ):
            confirm("Change it?")


def test_no_standard_input_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert not confirm("Change it?")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("virtprov-xml --edit --memory 64 <&-", "cannot read XML: standard input is closed"),
        ("virtprov-xml --edit --memory 64 </dev/zero", "the data on standard input is larger than 16 MiB"),
        ("virtprov-clone --connect test:///default --original-xml - --auto-clone <&-", "standard input is closed"),
        ("virtprov-clone --connect test:///default --original-xml - --auto-clone </dev/zero", "larger than 16 MiB"),
    ],
)
def test_standard_input_that_holds_no_document(line: str, message: str) -> None:
    done = shell(line)
    assert done.returncode == 2 and message in done.stderr


NAME = "a\x1b]0;x\x07\u202eb\x9b\ud800"
SHOWN = r"a\x1b]0;x\x07\u202eb\x9b\ud800"


def _says(words: str, capsys: pytest.CaptureFixture[str], **how: bool) -> tuple[str, str]:
    """What a command that says these words in every way there is prints."""

    def main(argv: list[str]) -> int:
        output = Output(**how)
        output.say(words)
        output.warn(words)
        output.result(words)
        output.summary(words)
        output.object(MADE_UP, {"name": words})
        sys.stderr.write(f"error: {words}\n")
        raise ProvError(words, hint=words)

    app.run("tool", main, [])
    return capsys.readouterr()


def test_nothing_from_outside_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for json in (False, True):
        out, err = _says(NAME, capsys, json=json)
        assert (out + err).replace("\n", "").isprintable()
        assert err.count(SHOWN) == 5
        assert out.count(SHOWN) == (0 if json else 2)


def test_xml_as_a_result_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: list[str]) -> int:
        Output().document("<title>\u202eb\x9b</title>")
        return 0

    assert app.run("tool", main, []) == 0
    assert capsys.readouterr().out == "<title>\u202eb\x9b</title>\n"


def test_letters_that_the_terminal_lacks() -> None:
    raw = io.BytesIO()
    out = safe_streams.Shown(io.TextIOWrapper(raw, encoding="ascii"))
    out.write("a \N{LATIN SMALL LETTER E WITH ACUTE}\n")
    out.exactly("<title>\N{LATIN SMALL LETTER E WITH ACUTE}</title>\n")
    out.flush()
    assert raw.getvalue() == b"a \\xe9\n<title>&#233;</title>\n"


def test_a_guests_hostile_title_in_diffs_and_documents(tmp_path: Path) -> None:
    title = "\x9b31m\u202e"
    file = tmp_path / "guest.xml"
    file.write_text(GUEST.replace("<memory>", f"<title>{title}</title><memory>"))
    done = shell(f"virtprov-xml --file {file} --edit --metadata title=b --print-diff")
    assert r"\x9b31m\u202e" in done.stdout and title not in done.stdout
    done = shell(f"virtprov-xml --file {file} --edit --memory 2")
    assert title in done.stdout

"""The result on standard output, everything else on standard error."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.json_schemas import MADE_UP
from virtprov.actions.run.plan import Plan
from virtprov.cli.printing.output import Output, confirm
from virtprov.host.connection import connect
from virtprov.library.listening import tell_plan

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("output", "out", "err"),
    [
        (Output(), "result\nsummary\n", "word\nwarning: careful\n"),
        (Output(quiet=True), "result\n", ""),
        (Output(json=True), '{\n  "a": 1,\n  "warnings": [\n    "careful"\n  ]\n}\n', "word\nwarning: careful\n"),
        (Output(json=True, quiet=True), '{\n  "a": 1,\n  "warnings": [\n    "careful"\n  ]\n}\n', ""),
    ],
)
def test_where_words_go(output: Output, out: str, err: str, capsys: Captured) -> None:
    output.say("word")
    output.warn("careful")
    output.result("result")
    output.summary("summary")
    output.object(MADE_UP, {"a": 1})
    assert capsys.readouterr() == (out, err)


def test_a_result_ends_with_one_line_break(capsys: Captured) -> None:
    Output().result("<domain/>\n")
    Output().result("<domain/>")
    assert capsys.readouterr().out == "<domain/>\n" * 2


def test_what_a_plan_has_to_say(capsys: Captured) -> None:
    output = Output()
    tell_plan(Plan((), (), "g", ("using this",), ("mind that",)), output)
    assert capsys.readouterr().err == "using this\nwarning: mind that\n"
    assert output.warnings == ["mind that"]


def test_steps_speak_through_it(capsys: Captured) -> None:
    with connect("test:///default") as host:
        context = Output().context(host)
        context.say("on the way")
        context.warn("careful")
    assert capsys.readouterr().err == "on the way\nwarning: careful\n"


def test_facts_survive_as_they_are(capsys: Captured) -> None:
    facts = {"name": "Gänse <&>", "none": None, "list": ["a"], "flag": True}
    Output(json=True).object(MADE_UP, facts)
    assert json.loads(capsys.readouterr().out) == {**facts, "warnings": []}


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y\n", True), ("yes\n", True), (" YES \n", True), ("n\n", False), ("\n", False), ("", False), ("yup\n", False)],
)
def test_only_yes_is_yes(answer: str, agreed: bool, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert confirm("Sure?") is agreed
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("Sure? (y/n): ")


FORGED = "x\nvirtprov-install: error: gone\x1b[2J\rok"
SHOWN = r"x\x0avirtprov-install: error: gone\x1b[2J\x0dok"


@pytest.mark.parametrize("call", ["say", "warn", "summary", "line", "password"])
def test_a_message_is_one_line_whatever_is_in_it(call: str, capsys: Captured) -> None:
    getattr(Output(), call)(FORGED)
    told = "".join(capsys.readouterr())
    assert told.removeprefix("warning: ") == SHOWN + "\n"


def test_json_and_documents_have_the_line_breaks(capsys: Captured) -> None:
    output = Output(json=True)
    output.warn(FORGED)
    output.object(MADE_UP, {"name": FORGED})
    assert json.loads(capsys.readouterr().out) == {"name": FORGED, "warnings": [FORGED]}
    Output().document("<a>x\n</a>")
    assert capsys.readouterr().out == "<a>x\n</a>\n"


def test_a_question_is_one_line(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    confirm(FORGED)
    assert capsys.readouterr().err == f"{SHOWN} (y/n): \n"

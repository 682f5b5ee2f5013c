"""A guest whose agent answers nonsense has no result yet; its words steer nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.waiting.agent_answers import cloud_init_result
from virtprov.support.errors import HostError


class Guest(StandIn):
    """A host whose guest's agent gives these answers in turn; the last one again and again."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def running_agent(self, name: str, command: str) -> str:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "!":
            raise HostError("silent")
        return answer


def read(value: object) -> str:
    return json.dumps({"return": {"buf-b64": value, "count": 1, "eof": True}})


def holding(text: str) -> str:
    return read(base64.b64encode(text.encode()).decode())


OPEN, CLOSE = '{"return": 1000}', '{"return": {}}'
DEEP = "[" * 20_000 + "]" * 20_000
NONSENSE = [
    "", "!", "no json", "null", "7", "[]", '"x"', "{}", '{"return": null}', '{"error": {}}', DEEP,
    '{"return": ' + DEEP + "}",
    "\x00", "{" * 9, '{"return": "x"}', "1e999999", "9" * 5000, "NaN",
]  # fmt: skip
FILES = [
    read("%%%"), read("a"), read(7), read(None), read(["a"]), read({}), read("\u00e9"), holding(""), holding("null"),
    holding("7"), holding("[]"), holding("{}"), holding(DEEP), holding('{"v1": null}'), holding('{"v1": []}'),
    holding('{"v1": {"errors": 7}}'), holding('{"v1": {"errors": {"a": 1}}}'), holding('{"v1": {"errors": [[]]}}'),
    holding('{"v1": {"errors": "x"}}'), holding('{"v1": {"errors": [], "datasource": ["x"]}}'), holding("\ud7ff{"),
    read(base64.b64encode(b"\xff\xfe\x00").decode()), holding('{"v1": {"errors": [' + "9" * 5000 + "]}}"),
]  # fmt: skip


def asked(*answers: str) -> Any:
    host: Any = Guest(*answers)
    return cloud_init_result(host, "web")


@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_no_result(answer: str) -> None:
    assert asked(answer) is None
    assert asked(OPEN, answer, CLOSE) is None
    assert asked(OPEN, holding('{"v1": {"errors": []}}'), answer) in (None, ((), ""))


@pytest.mark.parametrize("answer", FILES)
def test_a_file_of_nonsense_is_none_either(answer: str) -> None:
    assert asked(OPEN, answer, CLOSE) is None


def test_what_the_guest_says_is_shown_on_one_line_and_in_part() -> None:
    errors = ["a\nvirtprov-install: error: \x1b[2J\u202e", "x" * 5000]
    found = asked(OPEN, holding(json.dumps({"v1": {"errors": errors, "datasource": None}})), CLOSE)
    assert found.errors[0] == r"a virtprov-install: error: \x1b[2J\u202e"
    assert len(found.errors[1]) == 300 and found.datasource == ""

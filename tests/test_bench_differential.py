"""The command lines that `bench/differential` compares: many, and each only once."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"


@pytest.fixture(scope="module")
def differential() -> ModuleType:
    loader = SourceFileLoader("differential", str(BENCH / "differential"))
    spec = spec_from_loader("differential", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("--name a", ["--name a"]),
        ("--a {b|c} d", ["--a b d", "--a c d"]),
        ("{a|b}{|-c}", ["a", "a-c", "b", "b-c"]),
        ("--cpu {no choice} x", ["--cpu {no choice} x"]),
    ],
)
def test_a_choice_makes_a_command_line_of_each(differential: ModuleType, line: str, lines: list[str]) -> None:
    assert differential.spread(line) == lines


def test_there_are_many_command_lines_for_many_hosts(differential: ModuleType) -> None:
    cases = differential.read_cases(str(BENCH / "differential.cases"))
    assert len(cases) >= 800
    assert len({case.text for case in cases}) == len(cases)
    assert len({case.host for case in cases}) > 15
    assert not any("{" in word and "|" in word for case in cases for word in case.words)


def test_every_accepted_difference_has_a_reason(differential: ModuleType) -> None:
    assert all(len(each.reason.split()) > 2 for each in differential.ACCEPTED)

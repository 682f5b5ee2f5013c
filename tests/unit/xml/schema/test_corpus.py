"""A guest of our own through the round trips that `bench/corpus` makes over libvirt's."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from virtprov.xml import tree

TOP = Path(__file__).resolve().parents[4]


@pytest.fixture
def corpus(schema_folder: str) -> Any:
    """The measuring script, with the small schema instead of libvirt's."""
    loader = SourceFileLoader("bench_corpus", str(TOP / "bench" / "corpus"))
    spec = spec_from_loader("bench_corpus", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_nothing_is_lost(corpus: Any) -> None:
    documents, devices, _, own = corpus.look(str(TOP / "tests" / "data" / "guests"))
    assert documents.examples == []
    assert devices.examples == []
    assert own.guests.examples == []
    assert documents.all.total() == own.guests.all.total() == 2
    assert devices.all.total() == 11


def test_a_device_becomes_an_option_string(corpus: Any) -> None:
    disk = tree.parse('<disk device="disk"><driver queues="2" cache="none"/><readonly/></disk>')
    rows = corpus.table("disk")
    text, made = corpus.rebuilt(rows, corpus.index(rows), disk)
    assert text == "device=disk,driver.queues=2,cache=none,readonly=yes"
    assert tree.same(made, disk)


def test_what_cannot_be_said_is_told(corpus: Any) -> None:
    rows = corpus.table("disk")
    with pytest.raises(corpus.Failure, match=r"no name: \./driver/@brand"):
        corpus.rebuilt(rows, corpus.index(rows), tree.parse('<disk><driver brand="new"/></disk>'))


def test_facts_are_compared(corpus: Any) -> None:
    one = tree.parse('<a x="0x0a"><b/><c/><c y="1"/></a>')
    assert corpus.facts(one) == corpus.facts(tree.parse('<a x="10"><c/><c y="1"/><b/></a>'))
    assert corpus.facts(one) != corpus.facts(tree.parse('<a x="10"><c y="1"/><c/><b/></a>'))

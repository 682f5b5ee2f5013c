"""Names and values that come from the schema: found after the catalogue's own, compared, doubted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.guest.write import assign, schema_rows, subopts
from virtprov.guest.write.assign import Assignments
from virtprov.options.catalogue import table
from virtprov.options.model import Row, Table
from virtprov.support.errors import UsageError
from virtprov.xml import path as places
from virtprov.xml import tree
from virtprov.xml.schema import schema_files

SCHEMA = Path(__file__).resolve().parents[3] / "data" / "schema"
Read = Callable[..., Assignments]


@pytest.fixture(autouse=True)
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small schema stands for libvirt's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", str(SCHEMA))
    monkeypatch.setattr(schema_files, "_graphs", {})


DISK = Table("disk", "./devices/disk", (Row("driver.cache", "./driver/@cache", values=("none", "later")),), many=True)


@pytest.fixture
def say() -> Read:
    """Read the value of an option."""

    def read(text: str, rows: Table = DISK, **how: bool) -> Assignments:
        return assign.resolve(rows, subopts.pairs(rows, text), **how)

    return read


def built(said: Assignments, rows: Table = DISK) -> str:
    return "".join(line.strip() for line in tree.to_text(assign.build(rows, said)).splitlines())


def test_a_name_of_the_schema_ends_a_value_with_commas() -> None:
    rows = Table("disk", "./devices/disk", (Row("serial", "./serial", commas=True),), many=True)
    assert subopts.pairs(rows, "serial=1,2,a.b=3,driver.queues=4") == [("serial", "1,2,a.b=3"), ("driver.queues", "4")]


def test_a_name_of_the_schema_is_written(say: Read) -> None:
    said = say("driver.queues=4,driver.max_size=8,driver.max_size.unit=KiB,readonly=yes,driver.cache=none")
    assert said.schema_warnings == ()
    assert built(said) == (
        '<disk><driver queues="4" cache="none"><max_size unit="KiB">8</max_size></driver><readonly/></disk>'
    )


def test_it_matches_and_goes_away_like_any_other(say: Read) -> None:
    node = tree.parse('<disk><driver queues="4"/></disk>')
    assert assign.matches(node, say("driver.queues=4"))
    assert not assign.matches(node, say("driver.queues=5"))
    assign.write(node, say("driver.queues="))
    assert tree.to_text(node) == "<disk/>\n"


def test_any_depth_and_any_number(say: Read) -> None:
    deep = ".".join(["backingStore"] * 5)
    assert '<source file="/x"/></backingStore></backingStore>' in built(say(f"{deep}.source.file=/x"))
    rows = table("network")
    text = built(say("type=network,source.network=n,ip1.address=b,ip0.address=a", rows), rows)
    assert '<ip address="a"/><ip address="b"/>' in text


def test_elements_are_picked_by_what_they_are_called(say: Read) -> None:
    clock = Table("clock", ".", (), part="./clock")
    root = tree.parse('<domain><clock><timer name="rtc"/><timer name="hpet" present="yes"/></clock></domain>')
    assign.write(root, say("timer.hpet.present=off", clock))
    assert places.text(root, "./clock") == ""
    assert [dict(timer.attrib) for timer in root.iter("timer")] == [
        {"name": "rtc"},
        {"name": "hpet", "present": "no"},
    ]


def test_truth_in_the_words_of_the_place(say: Read) -> None:
    assert built(say("driver.iommu=yes")) == '<disk><driver iommu="on"/></disk>'
    (warning,) = say("driver.iommu=maybe").schema_warnings
    assert warning.message == "--disk driver.iommu: 'maybe' is not one of its values"


@pytest.mark.parametrize("name", ["driver.quueues", "privateData", "driver", "name"])
def test_a_name_of_neither_is_refused(say: Read, name: str) -> None:
    with pytest.raises(UsageError, match=f"--disk has no option '{name}'"):
        say(f"{name}=1")


def test_the_nearest_names_of_both_are_offered(say: Read) -> None:
    with pytest.raises(UsageError) as failure:
        say("driver.quueues=1")
    assert "'driver.queues'" in failure.value.hint
    with pytest.raises(UsageError) as failure:
        say("driver.cach=none")
    assert "'driver.cache'" in failure.value.hint


def test_a_group_without_an_element_keeps_to_its_own_parts(say: Read) -> None:
    assert say("memory.unit=KiB", table("memory")).places[0].path == "./memory/@unit"
    for name in ("name", "devices.disk.device", "type"):
        with pytest.raises(UsageError):
            say(f"{name}=x", table("memory"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("driver.queues=no", "--disk driver.queues: libvirt does not know the value 'no'"),
        ("driver.cache=nones", "--disk driver.cache: 'nones' is not one of its values"),
        ("driver.cache=later", None),  # the catalogue knows it
        ("driver.cache=writeback", None),  # the schema knows it
        ("driver.cache=nones,driver.cache=none", None),
        ("driver.queues=", None),
    ],
)
def test_values_are_doubted(say: Read, text: str, message: str | None) -> None:
    schema_warnings = say(text).schema_warnings
    assert [warning.message for warning in schema_warnings] == ([message] if message else [])


def test_a_doubt_lists_what_would_do(say: Read) -> None:
    assert say("driver.cache=nones").schema_warnings[0].hint == "known values: none, writeback"
    assert say("driver.queues=no").schema_warnings[0].hint == "a whole number from 1"


def test_unchecked_names_are_taken_at_their_word(say: Read) -> None:
    assert built(say("driver.new=1,brand.new.thing=x", schema=False)) == (
        '<disk><driver new="1"/><brand><new thing="x"/></brand></disk>'
    )
    assert say("driver.cache=nones,driver.queues=no", schema=False).schema_warnings == ()
    for name in ("new", "a..b", "1a.b", "a.b c", "a.@b"):
        with pytest.raises(UsageError):
            say(f"{name}=1", schema=False)


def test_without_a_schema_rows_still_work(say: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", "")
    assert built(say("driver.cache=nones")) == '<disk><driver cache="nones"/></disk>'
    assert say("driver.cache=nones").schema_warnings == ()
    with pytest.raises(UsageError):
        say("driver.queues=1")


def test_the_schema_is_left_alone_when_rows_do(say: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AssertionError("the schema is opened")

    monkeypatch.setattr(schema_files, "load", fail)
    assert say("driver.cache=none").schema_warnings == ()


def test_what_only_rows_know_is_taken_out() -> None:
    root = tree.parse(
        '<domain type="kvm"><name>g</name><devices><disk device="disk" sgio="filtered"><driver cache="none"/>'
        '<iotune><read_iops_sec>3</read_iops_sec></iotune></disk><pstore backend="x"/></devices></domain>'
    )
    draft = schema_rows.without_strangers(root)
    (disk,) = tree.children(draft[-1])
    assert tree.to_text(disk) == '<disk device="disk"><driver cache="none"/></disk>\n'
    assert "sgio" in tree.to_text(root)

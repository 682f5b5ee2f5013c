"""When the schema refuses, and when it only warns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.actions import schema_check
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.write import gather, schema_rows
from virtprov.guest.write.use import Use
from virtprov.host.connection import Host, connect
from virtprov.support.errors import UsageError
from virtprov.xml import tree
from virtprov.xml.schema import schema_files, validate

DATA = Path(__file__).resolve().parents[2] / "data"
GOOD = '<domain type="test"><name>g</name><devices><disk device="disk"/></devices></domain>'
PCI = "<address type='pci' bus='0' slot='5' function='0'/>"
WRONG = GOOD.replace("<disk ", '<disk serail="1" ')


@pytest.fixture(autouse=True)
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small schema stands for libvirt's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", str(DATA / "schema"))
    monkeypatch.setattr(schema_files, "_graphs", {})


@pytest.fixture
def host() -> Iterator[Host]:
    with connect("test:///default") as opened:
        yield opened


@pytest.fixture
def recorded() -> Iterator[Host]:
    folder = next(path.parent for path in sorted((DATA / "hosts").glob("*/host.json")))
    with connect(f"recorded://{folder}") as opened:
        yield opened


def uses(text: str, *, schema: bool = True) -> list[Use]:
    return gather.group_uses("disk", [text], schema=schema)[0]


def test_a_bad_value_is_refused_on_this_machine(host: Host) -> None:
    with pytest.raises(UsageError, match="--disk driver.cache: invalid value 'nones'") as failure:
        schema_check.check_values(uses("driver.cache=nones"), host)
    assert failure.value.hint == "known values: none, writeback (use --no-schema-check to skip this check)"


def test_elsewhere_it_is_a_warning(recorded: Host) -> None:
    said = ["--disk driver.cache: invalid value 'nones' (known values: none, writeback)"]
    assert schema_check.check_values(uses("driver.cache=nones"), recorded) == said
    kept = f"{said[0]}; the value is not written: use --no-schema-check to skip this check"
    assert schema_check.check_values(uses("driver.cache=nones"), None) == [kept]


def test_unchecked_values_are_let_through(host: Host) -> None:
    assert schema_check.check_values(uses("driver.cache=nones", schema=False), host) == []


def documents(*texts: str) -> list[DomainDocument]:
    return [DomainDocument.parse(text) for text in texts]


def test_a_document_is_held_against_the_schema(host: Host) -> None:
    assert schema_check.check_documents(documents(GOOD), host) == []
    with pytest.raises(UsageError, match="unknown attribute 'serail' of the disk device"):
        schema_check.check_documents(documents(GOOD, WRONG), host)


def device(name: str, inside: str) -> str:
    return f"<devices><disk device='disk'><target dev='{name}'/>{inside}</disk>"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD.replace("<name>g", "<name>a/b"), "the name 'a/b' contains a slash"),
        (GOOD.replace("<devices>", device("a", "") + device("a", "").removeprefix("<devices>")), "the target name 'a'"),
        (
            GOOD.replace("<devices>", device("a", "<boot order='1'/>") + "<hostdev><boot order='1'/></hostdev>"),
            "more than one device has the boot order '1'",
        ),
        (
            GOOD.replace("<devices>", device("a", "<alias name='ua-a'/>") + "<rng><alias name='ua-a'/></rng>"),
            "more than one device has the alias 'ua-a'",
        ),
        (GOOD.replace("<devices>", "<vcpu current='4'>2</vcpu><devices>"), "cannot start with 4 of 2 processors"),
        (
            GOOD.replace('"test"', '"kvm"').replace(
                "<devices>", f"<devices><rng>{PCI}</rng><watchdog>{PCI}</watchdog>"
            ),
            "have the same address: PCI 0000:00:05.0",
        ),
    ],
)
def test_a_new_guest_is_held_against_what_the_schema_cannot_say(
    text: str, sentence: str, host: Host, recorded: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_check, "_finding", lambda schema, root: None)
    with pytest.raises(UsageError, match="^libvirt does not accept the XML: ") as failure:
        schema_check.check_documents(documents(text), host)
    assert sentence in failure.value.message and "--no-schema-check" in failure.value.hint
    assert schema_check.check_documents(documents(GOOD.replace("<devices>", device("a", ""))), host) == []
    assert schema_check.check_documents(documents(text), recorded) == []


def test_an_edit_is_held_against_what_it_made_worse(host: Host) -> None:
    checker = schema_check.Checker(host)
    one, two = (
        tree.parse(GOOD.replace("<devices>", f"<devices>{PCI.join(('<rng>', '</rng>')) * count}")) for count in (1, 2)
    )
    for root in (one, two):
        root.set("type", "kvm")
    same = (checker.check_clashes(one, one), checker.check_clashes(two, two), checker.check_clashes(one, two))
    assert same == ([], [], [])
    with pytest.raises(UsageError, match="have the same address: PCI 0000:00:05.0"):
        checker.check_clashes(two, one)


def test_a_running_guest_names_its_first_port_twice(host: Host) -> None:
    port = "<{0} type='pty'><alias name='serial0'/></{0}>"
    one = tree.parse(GOOD.replace("<devices>", f"<devices>{port.format('serial')}"))
    two = tree.parse(GOOD.replace("<devices>", f"<devices>{port.format('serial')}{port.format('console')}"))
    checker = schema_check.Checker(host)
    with pytest.raises(UsageError, match="more than one device has the alias 'serial0'"):
        checker.check_clashes(two, one)
    two.set("id", "3")
    assert checker.check_clashes(two, one) == []


def test_what_was_wrong_before_stays_so(host: Host) -> None:
    checker, wrong = schema_check.Checker(host), tree.parse(WRONG)
    assert checker.check(wrong, wrong) == []
    with pytest.raises(UsageError):
        checker.check(wrong, tree.parse(GOOD))


def test_what_the_catalogue_knows_is_no_fault(host: Host) -> None:
    assert schema_check.check_documents(documents(GOOD.replace("<disk ", '<disk sgio="filtered" ')), host) == []


def test_a_recorded_host_reads_nothing(recorded: Host) -> None:
    assert schema_check.check_documents(documents(WRONG), recorded) == []


def test_without_a_schema_there_is_one_warning(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", "")
    (sentence,) = schema_check.check_documents(documents(GOOD, WRONG), host)
    assert "not installed" in sentence


SLOW = GOOD.replace(
    '<disk device="disk"/>',
    "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' io='native' discard='unmap' "
    "detect_zeroes='on' error_policy='stop' rerror_policy='stop' ioeventfd='on' event_idx='on' queues='2' "
    "copy_on_read='on' iothread='1' iommu='on' ats='on'><metadata_cache/></driver>"
    "<target dev='vda' bus='virtio'/></disk>",
).replace("<name>g</name>", "<name>g</name><memory>1024</memory><os><type>hvm</type></os>")
"""A valid document for which libxml2 takes seconds, so that no pause of the tests' own process lasts as long."""


def test_a_check_that_takes_too_long_is_given_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTPROV_SCHEMA_DIR")
    monkeypatch.setattr(validate, "PATIENCE", 0.05)
    monkeypatch.setattr(validate, "_schemas", {})
    checker, slow = schema_check.Checker(host), tree.parse(SLOW)
    (warning,) = checker.check(slow)
    assert warning.startswith("checking the guest's XML against libvirt's schema takes too long")
    assert checker.check(tree.parse(SLOW), slow) == [warning]  # a second check does not wait for the first
    with pytest.raises(UsageError, match="unknown attribute 'serail' of the disk device"):
        checker.check(tree.parse(SLOW.replace("<disk ", "<disk serail='1' ")))
    with pytest.raises(UsageError, match="unknown attribute 'serail' of the disk device"):
        checker.check(tree.parse(WRONG))  # while the first check still runs


def test_the_option_tables_are_only_read_for_new_mismatches(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tree.Element] = []

    def without_strangers(root: tree.Element) -> tree.Element:
        read.append(root)
        return root

    monkeypatch.setattr(schema_rows, "without_strangers", without_strangers)
    old, new = tree.parse(WRONG), tree.parse(WRONG.replace("<name>g</name>", "<name>h</name><strange/>"))
    assert schema_check.check_change(old, old) == [] and not read
    (warning,) = schema_check.check_change(new, old)
    assert "unknown element <strange>" in warning and len(read) == 2


def test_an_image_that_an_edit_gives_a_second_disk() -> None:
    disk = "<disk device='disk'><source file='/a'/><target dev='{}'/></disk>"
    one, two, three = (
        Guest.parse(f"<domain><devices>{''.join(disk.format(name) for name in names)}</devices></domain>").root
        for names in (("vda",), ("vda", "vdb"), ("vda", "vdb", "vdc"))
    )
    (sentence,) = schema_check.check_images(two, one)
    assert "are the same image /a" in sentence and sentence.endswith("; the guest cannot start")
    assert schema_check.check_images(one, one) == schema_check.check_images(three, two) == []

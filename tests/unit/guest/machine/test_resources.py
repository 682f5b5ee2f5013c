"""Memory and processors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.machine import resources
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.support.errors import UsageError

Make = Callable[..., RuleContext]


@pytest.mark.parametrize(
    ("said", "memory", "current", "notes"),
    [
        ({"profile": "debian12"}, "2097152", "2097152", ["Using debian12 default --memory 2048"]),
        ({"profile": "debian12", "rest": "<memory>524288</memory>"}, "524288", "524288", []),
        ({"rest": "<memory>8388608</memory><currentMemory>1048576</currentMemory>"}, "8388608", "1048576", []),
        ({"rest": "<currentMemory>1048576</currentMemory>"}, "1048576", "1048576", []),
        ({"profile": "debian12", "rest": "<maxMemory slots='2'>8388608</maxMemory>"}, "", "", []),
        (
            {"rest": "<maxMemory slots='2'>8388608</maxMemory><memory>1048576</memory>"},
            "1048576",
            "1048576",
            [],
        ),
        ({"os_type": "exe", "machine": ""}, "1048576", "1048576", ["Using container default --memory 1024"]),
        (
            {"os_type": "exe", "machine": "", "profile": "debian12"},
            "1048576",
            "1048576",
            ["Using container default --memory 1024"],
        ),
    ],
)
def test_memory(said: dict[str, str], memory: str, current: str, notes: list[str], setting_of: Make) -> None:
    setting = setting_of(**said)
    assert resources.set_memory(setting)
    assert (setting.guest.get("./memory"), setting.guest.get("./currentMemory")) == (memory, current)
    assert setting.notes == notes


def test_nobody_knows_how_much_a_generic_guest_needs(setting_of: Make) -> None:
    setting = setting_of()
    assert not resources.set_memory(setting)
    assert not setting.guest.has("./memory")


@pytest.mark.parametrize(
    ("profile", "memory", "words"),
    [
        ("generic", "16384", "the guest gets 16 MiB of memory; --memory is in MiB: did you mean 16 GiB?"),
        ("debian12", "4096", "the guest gets 4 MiB of memory; --memory is in MiB: did you mean 4 GiB?"),
        ("debian12", "131072", "128 MiB of memory is less than the"),
        ("generic", "17408", ""),
        ("debian12", "2097152", ""),
    ],
)
def test_too_little_memory_is_pointed_out(profile: str, memory: str, words: str, setting_of: Make) -> None:
    setting = setting_of(profile=profile, rest=f"<memory>{memory}</memory>")
    resources.set_memory(setting)
    assert len(setting.warnings) == bool(words)
    assert words in "".join(setting.warnings)


def test_a_unit_of_the_users_own_is_left_alone(setting_of: Make) -> None:
    setting = setting_of(rest="<memory unit='GiB'>1</memory>")
    assert resources.set_memory(setting)
    assert setting.warnings == []


def test_no_memory_at_all_is_refused(setting_of: Make) -> None:
    with pytest.raises(UsageError, match="no memory"):
        resources.set_memory(setting_of(rest="<memory>0</memory>"))


TOPOLOGY = "<cpu><topology {}/></cpu>"


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ({"profile": "generic"}, "1"),
        ({"profile": "fedora40"}, "2"),
        ({"profile": "fedora40", "os_type": "exe", "machine": ""}, "1"),
        ({"profile": "fedora40", "rest": "<vcpu>3</vcpu>"}, "3"),
        ({"rest": TOPOLOGY.format("sockets='2' cores='4' threads='2'")}, "16"),
        ({"rest": TOPOLOGY.format("cores='3'")}, "3"),
        ({"rest": TOPOLOGY.format("dies='2' cores='3'")}, "6"),
    ],
)
def test_processors(said: dict[str, str], count: str, setting_of: Make) -> None:
    setting = setting_of(**said)
    resources.set_vcpus(setting)
    assert setting.guest.get("./vcpu") == count


def test_no_processor_at_all_is_refused(setting_of: Make) -> None:
    with pytest.raises(UsageError, match="no processor"):
        resources.set_vcpus(setting_of(rest="<vcpu>0</vcpu>"))


@pytest.mark.parametrize(
    ("count", "given", "made"),
    [
        ("8", "sockets='2'", (2, 4, 1)),
        ("8", "cores='2'", (4, 2, 1)),
        ("8", "threads='2'", (1, 4, 2)),
        ("12", "cores='3' threads='2'", (2, 3, 2)),
        ("12", "sockets='2' threads='2'", (2, 3, 2)),
        ("16", "sockets='2' dies='2'", (2, 4, 1)),
        ("8", "sockets='2' cores='2' threads='2'", (2, 2, 2)),
    ],
)
def test_a_topology_is_completed(count: str, given: str, made: tuple[int, int, int], setting_of: Make) -> None:
    setting = setting_of(rest=f"<vcpu>{count}</vcpu>{TOPOLOGY.format(given)}")
    resources.fill_topology(setting)
    found = [setting.guest.get(f"./cpu/topology/@{name}") for name in ("sockets", "cores", "threads")]
    assert tuple(map(int, found)) == made


@pytest.mark.parametrize(("count", "given"), [("7", "cores='2'"), ("8", "sockets='1' cores='2' threads='2'")])
def test_a_topology_that_cannot_be_is_refused(count: str, given: str, setting_of: Make) -> None:
    with pytest.raises(UsageError, match=f"cannot have {count} processors"):
        resources.fill_topology(setting_of(rest=f"<vcpu>{count}</vcpu>{TOPOLOGY.format(given)}"))


def test_without_a_topology_none_is_made(setting_of: Make) -> None:
    setting = setting_of(rest="<vcpu>8</vcpu>")
    resources.fill_topology(setting)
    assert not setting.guest.has("./cpu")

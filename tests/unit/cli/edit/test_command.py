"""virtprov-xml: from the command line to a request, and which libraries it needs for what."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from virtprov.actions.edit.changing.changes import EditRequest
from virtprov.cli import answers, compat
from virtprov.cli.edit import command, flag_checks, flags, typed_changes
from virtprov.support.errors import UsageError

ROOT = Path(__file__).resolve().parents[4]
XML = "<domain type='kvm'><name>g</name><devices><disk device='disk'><target dev='vda'/></disk></devices></domain>"


def requests(*argv: str) -> tuple[EditRequest, ...]:
    args = command.build_parser().parse_args(list(argv))
    typed = typed_changes.changes(args, command.GROUPS)
    flag_checks.check(flags.read(args), typed, has_osinfo=args.osinfo is not None)
    return command.to_requests(typed, answers.osinfo(args.osinfo), schema=not args.no_schema_check)


def request(*argv: str) -> EditRequest:
    (one,) = requests(*argv)
    return one


@pytest.mark.parametrize(
    ("words", "position"),
    [(["--edit"], ""), (["--edit", "2"], "2"), (["--edit", "-1"], "-1"), (["--edit", "all"], "all")],
)
def test_positions(words: list[str], position: str) -> None:
    made = request("g", *words, "--disk", "cache=none")
    assert (made.action, made.group) == ("edit", "disk")
    assert made.selector.position == position and made.selector.wanted is None


def test_a_choice_by_content() -> None:
    selector = request("g", "--edit", "target=vda", "--disk", "cache=none").selector
    assert selector.words == "target=vda"
    assert selector.wanted is not None and [each.name for each in selector.wanted.places] == ["target.dev"]


def test_a_lone_action_before_the_guest_takes_it_for_the_choice() -> None:
    assert request("--edit", "g", "--disk", "cache=none").selector.words == "g"  # as with virt-xml


def test_a_removal_chooses_by_its_group() -> None:
    made = request("g", "--remove-device", "--network", "mac=52:54:00:00:00:01")
    assert made.uses == () and made.selector.wanted is not None
    assert request("g", "--remove-device", "--network", "all").selector.position == "all"
    assert request("g", "--remove-device", "--disk", "1", "--disk", "2").selector.position == "2"


def test_under_the_old_name_the_directory_of_a_disk_becomes_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    add = ("g", "--add-device", "--disk", "/srv/x.img,size=1")
    assert not request(*add).directory_pools
    monkeypatch.setattr(compat, "held", compat.OLD)
    assert request(*add).directory_pools


def test_several_uses_of_a_group() -> None:
    made = request("g", "--edit", "--network", "model=virtio", "--network", "boot.order=7")
    assert [use.said.places[0].name for use in made.uses] == ["model", "boot.order"]
    assert len(request("g", "--add-device", "--controller", "usb2").uses) == 4


def test_several_changes_stay_in_their_order() -> None:
    argv = "g --edit --memory 5 --add-device --rng default --edit 2 --disk cache=none"
    made = requests(*argv.split())
    assert [(each.action, each.group) for each in made] == [("edit", "memory"), ("add-device", "rng"), ("edit", "disk")]
    assert [each.selector.position for each in made] == ["", "", "2"]


def test_a_lone_action_may_stand_behind_its_change() -> None:
    assert request("g", "--disk", "cache=none", "--edit", "2").selector.position == "2"


def test_old_spellings_of_groups() -> None:
    assert request("g", "--add-device", "--host-device", "001.002").group == "hostdev"
    assert request("g", "--add-device", "--soundhw", "ac97").group == "sound"
    assert request("g", "--edit", "--security", "type=none").group == "seclabel"
    assert request("-c", "test:///default", "g", "--edit", "-w", "user").group == "network"


def test_flags_may_be_cut_short() -> None:
    assert request("g", "--add", "--rng", "/dev/random").action == "add-device"


@pytest.mark.parametrize("words", [[], ["num_pcie_root_ports=3"]])
def test_conversions_need_no_value(words: list[str]) -> None:
    made = request("g", "--edit", "--convert-to-q35", *words)
    assert made.group == "convert-to-q35" and len(made.uses) == len(words)


def test_the_system_of_a_new_device() -> None:
    made = request("g", "--add-device", "--os-variant", "debian12", "--disk", "size=1")
    assert made.profile is not None and made.profile.short_id == "debian12"
    assert request("g", "--add-device", "--disk", "size=1").profile is None


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["g", "--disk", "cache=none"], "no action given"),
        (["g", "--edit"], "no change given"),
        (["g", "--edit", "--add-device", "--disk", "x"], "--edit is not followed by a change"),
        (
            ["g", "--remove-device", "--disk", "x", "--build-xml", "--disk", "x"],
            "--build-xml cannot be combined with changes",
        ),
        (["g", "--edit", "--disk", "cache=none", "--memory", "5"], "are two separate changes"),
        (["g", "--add-device", "--rng", "default", "--sound", "ac97"], "--rng and --sound are two separate changes"),
        (["g", "--rng", "default", "--add-device", "--edit", "--memory", "5"], "is before the first action"),
        (["g", "--edit", "--osinfo", "debian12", "--memory", "5"], "--osinfo has no effect with --edit"),
        (["g", "--edit", "--disk", "none"], "--disk none cannot be used with --edit"),
        (["g", "--add-device", "--memory", "5"], "--memory is not a device, so it cannot be added"),
        (["g", "--remove-device", "--cpu", "foo=bar"], "--cpu is not a device, so it cannot be removed"),
        (["g", "--build-xml", "--vcpus", "5"], "--build-xml cannot show --vcpus"),
        (["g", "--remove-device", "--convert-to-vnc"], "can only change an existing guest"),
        (["g", "--remove-device", "--disk", ""], "is empty"),
        (["g", "--edit", "", "--disk", "cache=none"], "is empty"),
        (["", "--edit", "--memory", "5"], "the name of the guest is empty"),
        (["--edit", "--memory", "5", "--update"], "--update requires a running guest"),
        (["--edit", "--memory", "5", "--confirm"], "--confirm cannot be used when the XML is read from standard input"),
        (
            ["g", "--edit", "--memory", "5", "--define", "--no-define"],
            "--no-define and --define cannot be used together",
        ),
        (["g", "--edit", "--disk", "cach=none"], "--disk has no sub-option 'cach'"),
        (["g", "--edit", "cach=none", "--disk", "cache=none"], "--disk has no sub-option 'cach'"),
        (["g", "--add-device", "--osinfo", "nosuch", "--disk", "size=1"], "unknown OS profile 'nosuch'"),
    ],
)
def test_what_makes_no_sense(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        request(*argv)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_read_from_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(UsageError, match="no guest given, and standard input is a terminal"):
        command.main(["--edit", "--memory", "5"])


def loaded(*argv: str, stdin: str = "") -> tuple[int, set[str]]:
    """The status of a run in a process of its own, and which of the two libraries it loaded."""
    code = (
        "import sys\nfrom virtprov.cli import app\nfrom virtprov.cli.edit import command as edit\n"
        "status = app.run('virtprov-xml', edit.main, sys.argv[1:])\n"
        "print(*({'libvirt', 'lxml'} & set(sys.modules)), file=sys.stderr)\nsys.exit(status)"
    )
    words = [sys.executable, "-c", code, *argv]
    done = subprocess.run(words, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)
    return done.returncode, set(done.stderr.splitlines()[-1].split()) if done.stderr.strip() else set()


@pytest.mark.parametrize(
    "argv",
    [
        ["--edit", "--memory", "512"],
        ["--edit", "target.dev=vda", "--disk", "cache=none", "--print-diff"],
        ["--add-device", "--network", "default"],
        ["--remove-device", "--disk", "1"],
        ["--edit", "--convert-to-vnc"],
        ["--build-xml", "--disk", "/dev/null"],
    ],
)
def test_xml_in_and_xml_out_goes_without_libvirt(argv: list[str]) -> None:
    assert loaded(*argv, stdin=XML) == (0, {"lxml"})


@pytest.mark.parametrize("argv", [["--help"], ["--disk", "help"], ["--version"], ["--disk=?", "--cpu", "?"]])
def test_help_loads_neither_library(argv: list[str]) -> None:
    assert loaded(*argv) == (0, set())


def test_a_host_that_is_named_is_asked() -> None:
    status, libraries = loaded("--connect", "test:///default", "--edit", "--memory", "512", stdin=XML)
    assert (status, libraries) == (0, {"lxml", "libvirt"})

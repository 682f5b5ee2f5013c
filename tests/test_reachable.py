"""What no command can reach does not stay: definitions and parameters are there for somebody.

`reachability.py` says how they are found. What is kept for its own reason is listed here, with the reason.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import virtprov
from tests.reachability import Package, Reach, never_passed

TOP = Path(__file__).resolve().parents[1]
# Where the commands begin: the console scripts, and what bin/ calls. Tables of options are imported by their name.
COMMANDS = [f"virtprov.cli.app.{name}" for name in ("install", "clone", "edit", "use_environment_of")]
# Where programs begin: what the package offers them.
OFFERED = [getattr(virtprov, name) for name in virtprov.__all__]
LIBRARY = [f"{one.__module__}.{one.__qualname__}" for one in OFFERED]
STARTS = [*COMMANDS, *LIBRARY, "virtprov.__getattr__", "virtprov.__dir__"]
TABLES = "TABLES"

# A definition, or all that begin like it -> why it stays.
KEPT = {
    "virtprov.support.frozen.dataclass_transform": "stands in for that of typing when a command runs",
    "virtprov.support.file_access.iso.Reader": "tests read with it what was written",
    "virtprov.support.file_access.iso.read_files": "the same, for some files",
    "virtprov.support.file_access.iso.list_files": "the same, for their names",
    "virtprov.osinfo.scripts": "answers for installers come from them",
    "virtprov.host.running.running_guests.SOURCES": "names the places that know the address of a guest",
    "virtprov.host.daemon.events.Watch.wait_agent": "waiting for a guest's agent",
}
# A parameter with a default that no command passes -> why it stays.
PASSED_BY_TESTS = {
    "virtprov.unattended.answers.read_answers(environment=)": "a machine with other settings",
    "virtprov.unattended.answers.read_answers(root=)": "a machine with other settings",
    "virtprov.xml.schema.validate.load(where=)": "a small schema",
    "virtprov.xml.schema.grammar.Grammar(file=)": "a small schema",
    "virtprov.actions.doctor.examine.examine(limit=)": "a host that falls silent, without a wait",
    "virtprov.actions.remove.stop.stop(clock=)": "a clock that does not wait",
    "virtprov.actions.run.stages.Stages(clock=)": "a clock that does not wait",
    "virtprov.actions.run.stages.Stages(now=)": "a clock that does not wait",
    "virtprov.support.terminal.progress.Lines(clock=)": "a clock that does not wait",
    "virtprov.support.terminal.progress.Lines(alarm=)": "a clock that does not wait",
    "virtprov.support.terminal.progress.Bar(clock=)": "a clock that does not wait",
    "virtprov.support.terminal.progress.Bar(alarm=)": "a clock that does not wait",
    "virtprov.guest.rules.rule_context.RuleContext(choices=)": "rules are tried with choices that no command line made",
    "virtprov.support.web.http.Web(timeout=)": "servers that do not answer",
    "virtprov.support.web.http.Web(whole=)": "servers that trickle",
    "virtprov.support.web.ftp.Ftp(timeout=)": "servers that do not answer",
    "virtprov.support.web.ftp.Ftp(whole=)": "servers that trickle",
    "virtprov.support.web.download.download(limits=)": "servers that are too slow",
    "virtprov.support.web.download.download(pause=)": "connections that are lost, without a wait",
    "virtprov.support.web.download.Limits(patience=)": "servers that are too slow",
    "virtprov.support.web.download.Limits(slowest=)": "servers that are too slow",
    "virtprov.support.web.download.Limits(unknown=)": "servers that are too slow",
    "virtprov.support.logins.passwords.hash_password(salt=)": "the vectors of the specification",
    "virtprov.support.logins.passwords.hash_password(rounds=)": "the vectors of the specification",
    "virtprov.osinfo.index.build(keep=)": "bench/osinfo measures a build whose result is not kept",
    "virtprov.host.transfer.streams.watch_call(every=)": "calls that take less than a quarter of a second",
    "virtprov.host.inventory.bridge.default_bridge(proc=)": "routes of a machine that is not this one",
    "virtprov.host.inventory.bridge.default_bridge(sys=)": "bridges of a machine that is not this one",
}


@cache
def product() -> tuple[Package, Reach]:
    package = Package(TOP, "virtprov")
    tables = [f"{name}.{TABLES}" for name in package.trees if TABLES in package.globals[name]]
    return package, Reach(package, [*STARTS, *tables])


def kept_as(name: str) -> str:
    """The entry of KEPT that a definition falls under; "" for none."""
    return next((entry for entry in KEPT if name == entry or name.startswith(f"{entry}.")), "")


def test_commands_reach_all_there_is() -> None:
    _, reach = product()
    assert [name for name in reach.dead() if not kept_as(name)] == []


def test_what_is_kept_for_later_is_not_in_use_yet() -> None:
    _, reach = product()
    assert set(KEPT) - {kept_as(name) for name in reach.dead()} == set()


def test_commands_pass_every_parameter() -> None:
    never = [name for name in never_passed(*product()) if name.partition("(")[0] not in LIBRARY]
    assert sorted(never) == sorted(PASSED_BY_TESTS)


SAMPLE = {
    "__init__": "",
    "start": (
        "import os\n"
        "from sample import shapes, far\n"
        "from sample.named import Named\n"
        "LIMIT = 3\nUNUSED = 4\n"
        "def main():\n"
        "    from sample.late import called as late\n"
        "    os.path.exists('x')\n"
        "    shape = shapes.Round(LIMIT)\n"
        "    shape.draw(scale=2)\n"
        "    late()\n"
        "    apply(far.given)\n"
        "    Named().by_text()\n"
        "def apply(function, times=1):\n    function()\n"
        "def _only_here():\n    return _only_here()\n"
    ),
    "shapes": (
        "class Shape:\n    def draw(self, scale=1, colour=''):\n        return self.area()\n"
        "    def area(self):\n        return 0\n    def exists(self):\n        return True\n"
        "class Round(Shape):\n    def area(self):\n        return 1\n    def __len__(self):\n        return 2\n"
        "class Never:\n    def area(self):\n        return 2\n"
    ),
    "late": (
        "from sample.start import UNUSED as other\ndef called(times=1):\n    return 1\ndef idle():\n    return other\n"
    ),
    "far": "def given(name=''):\n    return name\n",
    "named": (
        "class Named:\n    def by_text(self):\n        getattr(self, 'as_text')\n    def as_text(self):\n        pass\n"
    ),
    "alone": "def alone():\n    pass\n",
}


@pytest.fixture
def sample(tmp_path: Path) -> Package:
    (tmp_path / "sample").mkdir()
    for name, text in SAMPLE.items():
        (tmp_path / "sample" / f"{name}.py").write_text(text)
    return Package(tmp_path, "sample")


def test_the_dead_of_a_sample(sample: Package) -> None:
    assert Reach(sample, ["sample.start.main"]).dead() == [
        "sample.alone",
        "sample.late.idle",
        "sample.named.Named.as_text",
        "sample.shapes.Never",
        "sample.shapes.Never.area",
        "sample.shapes.Shape.exists",  # `os.path.exists` is another one
        "sample.start.UNUSED",
        "sample.start._only_here",  # who calls only itself is not called
    ]


def test_what_a_start_reaches(sample: Package) -> None:
    assert {"sample.late.idle", "sample.start.UNUSED"}.isdisjoint(Reach(sample, ["sample.late.idle"]).dead())


def test_parameters_of_a_sample(sample: Package) -> None:
    assert never_passed(sample, Reach(sample, ["sample.start.main"])) == [
        "sample.late.called(times=)",
        "sample.shapes.Shape.draw(colour=)",
        "sample.start.apply(times=)",
    ]

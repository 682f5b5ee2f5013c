"""Options of the test run."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest
from lab import check

from tests import json_schemas
from virtprov.cli.printing import output
from virtprov.support import log

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling
    from xdist.workermanage import WorkerController

# A run in the background begins deaf to Ctrl-C, one under nohup to a hangup, and so does all that they start. A
# handler, unlike deafness, is not handed down: the run goes on as it is, and what it starts hears.
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

# As the commands do. An object of libvirt that is collected right after a call has failed wipes out that call's error.
gc.set_threshold(100_000)


# How long an example takes says more about what else the machine does.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --regen, which alone writes what the golden tests expect, and --kills, for tests/live/random_kills.py."""
    parser.addoption("--regen", action="store_true", help="write the expected output of tests/golden anew")
    parser.addoption("--kills", type=int, default=12, metavar="N", help="kill this many commands at random moments")


# These hooks belong to the live tests. Of several processes the first collects nothing, so it reads this file alone.


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Give the live tests that boot guests to one process, in their order; the others follow file by file."""
    from lab.processes import ByGuests  # loads xdist

    return ByGuests(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Take over from a process why the live tests did not run there."""
    reasons = getattr(node, "workeroutput", {}).get("reasons")
    if reasons:
        node.config.stash[check.REASONS] = reasons


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly why the live tests did not run."""
    reasons = config.stash.get(check.REASONS, [])
    if reasons:
        terminalreporter.write_line(check.report(reasons), red=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands leave for later ones stays out of the user's state directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def objects_follow_their_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail for an object of --output json that has no schema, or another key or type than that says."""

    def emit(schema: str, body: object, print_it: Callable[[str, object], None] = output.emit) -> None:
        json_schemas.check(schema, body)
        print_it(schema, body)

    monkeypatch.setattr(output, "emit", emit)


@pytest.fixture(autouse=True)
def no_old_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test mask the words of another."""
    monkeypatch.setattr(log, "_secrets", set())

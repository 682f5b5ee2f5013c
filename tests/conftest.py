"""Options of the test run."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator

import hypothesis
import pytest

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


@pytest.fixture(scope="session", autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What commands leave for later ones stays out of the user's state directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield

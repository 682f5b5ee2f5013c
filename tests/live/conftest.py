"""Fixtures of the live tests: a libvirt host of their own, a guest image, and the guest that most of them share."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from lab import check, cloud
from lab.clients import ready_clients
from lab.cloud import Begun, Elsewhere
from lab.far import Far, running_far
from lab.guests import make_key
from lab.host import Done, Host, logs, running_host
from lab.image import Image, cache_root, ready_image
from lab.live_files import WITHOUT_BOOT
from lab.old_names import OldNames, make_links
from lab.provisioned import Provisioned, begun_guests
from lab.shared import Shared, install
from lab.user import User, ordinary_user

HERE = Path(__file__).resolve().parent
# Guests are shared between modules: in this order nothing boots twice.
ORDER = (
    "test_fleet.py",
    "test_second_editor.py",
    "test_lab.py",
    "test_install.py",
    "test_clone.py",
    "test_clone_identity.py",
    "test_remove.py",
    "test_templates.py",
    "test_edit.py",
    "test_edit_live.py",
    "test_reseed.py",
    "test_failures.py",
    "test_says_what_it_does.py",
    "test_pools.py",
    "test_lxc.py",
    "test_doctor.py",
    "test_firmware.py",
    "test_publish.py",
    "test_guest_words.py",
    "test_wait.py",
    "test_session.py",
    "test_hosts.py",
    "test_location.py",
    "test_images.py",
    "test_faults.py",
    "test_cockpit.py",
    "test_ansible.py",
    "test_stopped.py",
    "test_many.py",
    "test_writers.py",
    "test_debian_packages.py",
)


def here(item: pytest.Item) -> bool:
    """Whether `item` is a live test."""
    return HERE in item.path.parents


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the live tests in order; where they cannot run, leave them out, except in CI, where they then fail."""
    live = [item for item in items if here(item)]
    live.sort(key=lambda item: ORDER.index(item.path.name) if item.path.name in ORDER else len(ORDER))
    for place, item in zip([place for place, item in enumerate(items) if here(item)], live, strict=True):
        items[place] = item
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.name in WITHOUT_BOOT if here(item) else 2)
    if not live or "not live" in config.getoption("markexpr"):
        return
    config.stash[check.REASONS] = check.missing()
    if hasattr(config, "workeroutput"):
        config.workeroutput["reasons"] = config.stash[check.REASONS]
    if config.stash[check.REASONS] and os.environ.get("CI", "") in ("", "0", "false"):
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if not here(item)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the lab's daemons and guests logged beside the failure of a live test."""
    report = yield
    host = getattr(item, "funcargs", {}).get("lab")
    if report.failed and here(item) and isinstance(host, Host):
        report.sections.append(("logs of the lab", logs(host.state)))
    return report


@pytest.fixture(scope="session")
def prerequisites(request: pytest.FixtureRequest) -> None:
    """Fail where the live tests cannot run; all reasons stand at the end of the report."""
    reasons = request.config.stash[check.REASONS]
    if reasons:
        pytest.fail(reasons[0], pytrace=False)


@pytest.fixture(scope="session")
def image(prerequisites: None, request: pytest.FixtureRequest) -> Image:
    """The guest image; building it, once per recipe, takes about a minute."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    return ready_image(lambda line: reporter.write_line(f"\n{line}") if reporter else None)


@pytest.fixture(scope="session")
def lab(prerequisites: None) -> Iterator[Host]:
    """A libvirt host with an isolated network `default` and a pool `default`, gone when the tests end."""
    with running_host(cache_root() / "runs") as host:
        yield host


@pytest.fixture(scope="session")
def key(lab: Host) -> Path:
    """The private half of an ssh key."""
    return make_key(lab.state)


@pytest.fixture(scope="session")
def shared(lab: Host, image: Image, key: Path) -> Shared:
    """The guest that virtprov-install made from the image, and what the command said; it may run or be off."""
    return install(lab, image, key)


@pytest.fixture(scope="session")
def far(lab: Host) -> Iterator[Far]:
    """A host on another machine, so to say, reached by tcp, tls and ssh."""
    with running_far(lab, 1) as host:
        yield host


@pytest.fixture(scope="session")
def farther(lab: Host) -> Iterator[Far]:
    """One more of these, for tests that stop its libvirt or boot nothing there."""
    with running_far(lab, 2) as host:
        yield host


@pytest.fixture(scope="session")
def user(lab: Host, image: Image) -> Iterator[User]:
    """An ordinary user of the lab, whose session of libvirt starts when it is asked for."""
    with ordinary_user(lab, image) as somebody:
        yield somebody


def is_wanted(request: pytest.FixtureRequest, name: str) -> bool:
    """Whether a test of this run takes the fixture `name`."""
    return any(name in getattr(item, "fixturenames", ()) for item in request.session.items)


@pytest.fixture(scope="session")
def begun(request: pytest.FixtureRequest, image: Image, key: Path) -> dict[str, Begun]:
    """The installations of the guests elsewhere, begun together because together they take little longer than one."""
    started = {}
    if is_wanted(request, "far_guest"):
        lab, far = request.getfixturevalue("lab"), request.getfixturevalue("far")
        started["far"] = cloud.begin_far(lab, far, image, key)
    if is_wanted(request, "user_guest"):
        started["user"] = cloud.begin_user(request.getfixturevalue("user"), image, key)
    return started


@pytest.fixture(scope="session")
def far_guest(begun: dict[str, Begun], far: Far, key: Path) -> Elsewhere:
    """A guest on the further host, made over ssh from an image that was uploaded."""
    return cloud.finish_far(begun["far"], far, key)


@pytest.fixture(scope="session")
def user_guest(
    request: pytest.FixtureRequest, begun: dict[str, Begun], user: User, lab: Host, image: Image, key: Path
) -> Elsewhere:
    """A guest of the ordinary user, reached through a published port; when it is up, the broken one begins."""
    guest = cloud.finish_user(begun["user"], lab, key)
    if is_wanted(request, "broken_guest"):
        begun["broken"] = cloud.begin_broken(user, image)
    return guest


@pytest.fixture(scope="session")
def broken_guest(begun: dict[str, Begun], user: User, user_guest: Elsewhere) -> Done:
    """What virtprov-install said of a guest of that user whose seed goes wrong."""
    return begun["broken"].end()


@pytest.fixture(scope="session")
def old_names(lab: Host, request: pytest.FixtureRequest) -> OldNames:
    """virtprov under the old names, and the clients that call it by them; fetching those takes ten seconds."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    clients = ready_clients(lambda line: reporter.write_line(f"\n{line}") if reporter else None)
    return OldNames(lab, make_links(lab), clients)


@pytest.fixture(scope="session")
def provisioned(old_names: OldNames, image: Image, key: Path) -> Iterator[Provisioned]:
    """A guest that Ansible sets up and one that Cockpit does, begun together because they boot side by side."""
    with begun_guests(old_names, image, key) as both:
        yield both

"""What virtprov-install does once the guest runs, and with flags that go together or do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from virtprov.cli import install
from virtprov.host.connection import Host, connect
from virtprov.support.errors import UsageError

NEW = ["--connect", "test:///default", "--name", "new", "--osinfo", "generic", "--memory", "64", "--disk", "none"]


@pytest.fixture
def host() -> Iterator[Host]:
    """The test driver, which keeps its guests as long as somebody is connected."""
    with connect("test:///default") as made:
        yield made
        if made.guest("new") is not None:
            made.destroy_guest("new")
            made.undefine_guest("new")


@pytest.mark.parametrize(
    ("flags", "runs"),
    [
        (["--import"], True),
        (["--import", "--destroy-on-exit"], False),
        (["--import", "--destroy-on-exit", "--noautoconsole"], True),  # no console that could be closed
        (["--pxe", "--destroy-on-exit"], False),
        (["--pxe", "--noauto", "--noreboot"], True),
    ],
)
def test_a_guest_ends_with_its_console(host: Host, flags: list[str], runs: bool) -> None:
    assert install.main([*NEW, *flags]) == 0
    known = host.guest("new")
    assert known is not None
    assert known.active is runs


@pytest.mark.parametrize(
    ("flags", "documents"),
    [
        (["--print-xml", "--pxe"], 2),
        (["--print-step", "1", "--pxe"], 1),
        (["--print-step", "2", "--pxe"], 1),
        (["--print-xml", "--livecd"], 1),
        (["--print-xml", "--install", "no_install=yes"], 1),
        (["--print-xml", "--install", "bootdev=cdrom"], 2),
        (["--print-xml", "--install", "kernel=/k,initrd=/i,kernel_args=a b"], 2),
    ],
)
def test_documents(flags: list[str], documents: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main([*NEW, *flags]) == 0
    assert capsys.readouterr().out.count("</domain>") == documents


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--livecd"], "how the operating system comes in"),  # a live CD is still a CD
        (["--print-xml", "2", "--import"], "installed in one step"),
        (["--install", "bootdev=usb"], "no such boot device"),
    ],
)
def test_refusals(host: Host, flags: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        install.main([*NEW, *flags])
    assert host.guest("new") is None


def test_explain_is_for_new_guests() -> None:
    with pytest.raises(UsageError, match="--reinstall makes none"):
        install.main(["--connect", "test:///default", "--reinstall", "test", "--osinfo", "generic", "--explain"])

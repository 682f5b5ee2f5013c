"""Opening a connection to a host that takes its time, or that says nothing at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.host.connection import connect
from virtprov.host.daemon import opening
from virtprov.host.failures import Lost
from virtprov.host.uri import parse
from virtprov.support.errors import HostError
from virtprov.support.slow_calls import waiting


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience, for hosts of which it is known that they do not answer."""
    monkeypatch.setattr(opening, "PATIENCE", 0.05)
    monkeypatch.setattr(opening, "KNOCK", 0.05)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that drops what comes: its queue is full, and nobody takes anyone out of it."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        yield full.getsockname()[1]


@pytest.mark.parametrize("transport", ["tcp", "libssh2"])
def test_nobody_is_waited_for_who_does_not_answer(silent: int, transport: str, tmp_path: Path) -> None:
    uri = f"qemu+{transport}://127.0.0.1:{silent}/system?keyfile=/dev/null&known_hosts={tmp_path / 'known'}"
    with pytest.raises(Lost) as caught:
        connect(uri)
    assert f"'127.0.0.1:{silent}' does not answer within" in caught.value.message
    assert "no firewall blocks" in caught.value.hint


def test_a_machine_that_has_come_to_a_stop_is_not_waited_for(tmp_path: Path) -> None:
    """Its kernel accepts, and nobody speaks."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(Lost, match=f"'127.0.0.1:{port}' does not answer within"):
            connect(f"qemu+libssh2://127.0.0.1:{port}/system?keyfile=/dev/null&known_hosts={tmp_path / 'known'}")


def test_a_host_that_answers_has_all_the_time() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        knocked = threading.Event()

        def serve() -> None:
            libvirts, _ = server.accept()
            ours, _ = server.accept()  # the knock: patience is over
            knocked.set()
            ours.close()
            libvirts.close()

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(HostError) as caught:
            connect(f"qemu+tcp://127.0.0.1:{server.getsockname()[1]}/system")
    assert knocked.is_set()
    assert not isinstance(caught.value, Lost) and "does not answer" not in caught.value.message


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("user root\nhostname 192.0.2.7\nport 2022\n", ("192.0.2.7", 2022)),
        ("hostname 192.0.2.7\nport 22\nproxyjump gate.example\n", None),
        ("hostname 192.0.2.7\nport 22\nproxycommand nc %h %p\n", None),
    ],
)
def test_ssh_goes_where_its_configuration_leads(
    told: str, place: tuple[str, int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `ssh -G` of OpenSSH 9 prints."""
    (tmp_path / "told").write_text(told)
    (tmp_path / "ssh").write_text(f'#!/bin/sh\ntest "$*" = "-G -- vm" && exec cat {tmp_path / "told"}\n')
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(opening, "KNOCK", 20.0)
    assert opening._ssh_place(parse("qemu+ssh://root@vm/system")) == place
    assert opening._ssh_place(parse("qemu+ssh://root@vm/system?command=/other/ssh")) is None


def test_a_web_service_has_the_time_of_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(opening.VARIABLE, raising=False)
    assert opening.limit_for(parse("qemu+tcp://h/system")) == opening.LIMIT
    for uri in ("esx://root@h/", "vpx://root@h/dc/cluster/host", "hyperv://admin@h/"):
        assert opening.limit_for(parse(uri)) == opening.LIMIT + opening.WEB_LOGIN
    monkeypatch.setenv(opening.VARIABLE, "5")
    assert opening.limit_for(parse("esx://root@h/")) == 5


def test_a_slow_web_service_is_knocked_at_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a firewall that drops everything but the port of the service, whose answer takes longer than PATIENCE."""
    asked: list[tuple[str, int]] = []

    class Answered:
        def __enter__(self) -> None: ...
        def __exit__(self, *raised: object) -> None: ...

    def knock(place: tuple[str, int], timeout: float) -> Answered:
        asked.append(place)
        if place != ("192.0.2.7", 443):
            raise TimeoutError
        released.set()
        return Answered()

    def answer() -> str:
        assert released.wait(60)
        return "open"

    released = threading.Event()
    monkeypatch.setattr(socket, "create_connection", knock)
    opened = opening._patiently(answer, None, parse("esx://root@192.0.2.7/"), _nobody())
    assert opened == "open" and asked == [("192.0.2.7", 443)]


def test_a_long_wait_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(waiting.state, "tell", told.append, raising=False)
    monkeypatch.setattr(waiting.state, "shown", 0, raising=False)
    monkeypatch.setattr(waiting, "LONG", 0.01)
    monkeypatch.setattr(opening, "PATIENCE", 0.1)
    monkeypatch.setattr(opening, "_answers", lambda target: True)
    opening._patiently(lambda: threading.Event().wait(1.2), "x", parse("esx://root@192.0.2.7/"), _nobody())
    assert told == ["Waiting for x ..."]


def _nobody() -> opening._Questions:
    return opening._Questions(None)

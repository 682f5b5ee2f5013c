from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.host.uri import Uri, parse, quoted_path, recorded_folder


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("qemu:///system", ("qemu", "", "", "", "", "/system", "")),
        ("qemu+ssh://root@vm.example:2222/system?no_verify=1", ("qemu", "ssh", "root", "vm.example", "2222", "/system",
                                                                "no_verify=1")),
        ("QEMU+TLS://[2001:db8::1]:16514/system", ("qemu", "tls", "", "2001:db8::1", "16514", "/system", "")),
        ("xen:///", ("xen", "", "", "", "", "/", "")),
        ("esx://me@there.example/?no_verify=1", ("esx", "", "me", "there.example", "", "/", "no_verify=1")),
        ("test:///srv/a b.xml", ("test", "", "", "", "", "/srv/a b.xml", "")),
        ("qemu+unix:///session?socket=/run/sock", ("qemu", "unix", "", "", "", "/session", "socket=/run/sock")),
        ("qemu+ssh://a@b@vm.example/system", ("qemu", "ssh", "a@b", "vm.example", "", "/system", "")),
        ("nonsense", ("", "", "", "", "", "nonsense", "")),
        ("", ("", "", "", "", "", "", "")),
    ],
)  # fmt: skip
def test_taken_apart(text: str, parts: tuple[str, ...]) -> None:
    assert parse(text) == Uri(text, *parts)


@pytest.mark.parametrize(
    ("text", "remote", "session"),
    [
        ("qemu:///system", False, False),
        ("qemu:///session", False, True),
        ("qemu+unix:///session?socket=/x", False, True),
        ("qemu+ssh://localhost/system", True, False),
        ("qemu+tls://vm.example/session", True, True),
        ("qemu+ext:///system?command=/opt/tunnel", True, False),
        ("test+tls://vm.example/", True, False),
        ("test:///default", False, False),
    ],
)
def test_where_the_host_is(text: str, remote: bool, session: bool) -> None:
    assert (parse(text).is_remote, parse(text).is_session) == (remote, session)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("qemu://h/system", 16514),
        ("qemu+tcp://h/system", 16509),
        ("qemu+ssh://h/system", 22),
        ("qemu+ssh://h:2222/system", 2222),
        ("qemu+unix:///system", None),
        ("esx://root@h/?no_verify=1", 443),
        ("esx://root@h/?transport=http", 80),
        ("esx://root@h:8443/", 8443),
        ("vpx://root@h/dc/cluster/host", 443),
        ("gsx://h/", 8333),
        ("hyperv://admin@h/", 5986),
        ("hyperv://admin@h/?transport=http", 5985),
        ("esx+ssh://h/", 22),
    ],
)
def test_the_port_that_answers(text: str, port: int | None) -> None:
    assert parse(text).service_port == port


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("recorded:///srv/host", "/srv/host"),
        ("recorded:/srv/host", "/srv/host"),
        ("recorded://hosts/one", "hosts/one"),
        ("RECORDED:///srv/100%20 # odd?", "/srv/100%20 # odd?"),
        ("qemu:///system", None),
        ("recorded", None),
    ],
)
def test_recorded_folder(text: str, folder: str | None) -> None:
    assert recorded_folder(text) == folder


def test_a_quoted_path_keeps_its_plain_characters_only() -> None:
    assert quoted_path("/srv/a b/100%/ü?#.xml") == "/srv/a%20b/100%25/%C3%BC%3F%23.xml"


def test_libvirt_reads_the_quoted_path_back(tmp_path: Path) -> None:
    from virtprov.host.connection import connect

    path = tmp_path / "a b%20ü?#;.xml"
    path.write_text("<node><network><name>odd</name><bridge name='virbr9'/></network></node>")
    with connect("test://" + quoted_path(str(path))) as host:
        assert host.networks.names() == ("odd",)


@pytest.mark.parametrize(
    ("text", "jump"),
    [
        ("qemu+ssh://far.example/system", "far.example"),
        ("qemu+ssh://ana@far.example:2222/system", "ana@far.example:2222"),
        ("qemu+libssh2://ana@[2001:db8::1]:2222/system?no_verify=1", "ana@[2001:db8::1]:2222"),
        ("qemu+ssh://ana@far.example/system?keyfile=/k", ""),
        ("qemu+ssh://far.example/system?command=/bin/myssh", ""),
        ("qemu+ssh://-oProxyCommand=true/system", ""),
        ("qemu+ssh:///system", ""),
        ("qemu+tls://far.example/system", ""),
        ("qemu:///system", ""),
    ],
)
def test_the_host_as_a_machine_on_the_way(text: str, jump: str) -> None:
    assert parse(text).ssh_jump == jump

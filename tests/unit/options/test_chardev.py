"""Character devices, random number sources and what they share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.options.common_rows import host_and_port
from virtprov.support.errors import UsageError

Built = Callable[[str, str], str]
Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("group", "text", "xml"),
    [
        (
            "serial",
            "char_type=tcp,host=:2222,mode=bind,protocol=telnet,log.file=/l,log.append=yes,,"
            "target.model.name=pci-serial,source.tls=on",
            '<serial type="tcp"><source host="127.0.0.1" service="2222" mode="bind" tls="yes"/>'
            '<protocol type="telnet"/><log file="/l" append="on"/><target><model name="pci-serial"/></target></serial>',
        ),
        ("serial", "tcp,host=a:1", '<serial type="tcp"><source mode="connect" host="a" service="1"/></serial>'),
        ("serial", "tcp,source.host=a:1", '<serial type="tcp"><source host="a" service="1"/></serial>'),
        (
            "serial",
            "source.tls=on,source.connect_host=[::1]:7",
            '<serial><source mode="connect" host="::1" service="7" tls="yes"/></serial>',
        ),
        (
            "serial",
            "nmdm,source.master=/a,source.slave=/b",
            '<serial type="nmdm"><source master="/a" slave="/b"/></serial>',
        ),
        (
            "parallel",
            "type=udp,host=0.0.0.0:1234,bind_host=127.0.0.1:1234",
            '<parallel type="udp"><source mode="bind" host="127.0.0.1" service="1234"/>'
            '<source mode="connect" host="0.0.0.0" service="1234"/></parallel>',
        ),
        (
            "parallel",
            "host=a,bind_host=b,mode=connect",
            '<parallel><source mode="bind" host="b"/><source mode="connect" host="a"/></parallel>',
        ),
        (
            "parallel",
            "udp,source.host=a,source.bind_host=b",
            '<parallel type="udp"><source mode="bind" host="b"/><source mode="connect" host="a"/></parallel>',
        ),
        (
            "parallel",
            "unix,path=/s,source.seclabel0.model=none,source.seclabel1.label=x,y,source.seclabel.relabel=no",
            '<parallel type="unix"><source path="/s"><seclabel model="none" relabel="no"/>'
            "<seclabel><label>x,y</label></seclabel></source></parallel>",
        ),
        (
            "channel",
            "pty,target_type=guestfwd,target_address=127.0.0.1:10000",
            '<channel type="pty"><target type="guestfwd" address="127.0.0.1" port="10000"/></channel>',
        ),
        ("channel", "pty,name=org.x", '<channel type="pty"><target name="org.x"/></channel>'),
        (
            "channel",
            "qemu-vdagent,source.clipboard.copypaste=on,source.mouse.mode=client",
            '<channel type="qemu-vdagent"><source><clipboard copypaste="yes"/><mouse mode="client"/></source>'
            "</channel>",
        ),
        ("console", "pty,target_type=virtio", '<console type="pty"><target type="virtio"/></console>'),
        ("smartcard", "default,type=spicevmc", '<smartcard type="spicevmc"/>'),
        (
            "smartcard",
            "host-certificates,certificate0=a,b,certificate1=c,database=/d",
            '<smartcard mode="host-certificates"><certificate>a,b</certificate><certificate>c</certificate>'
            "<database>/d</database></smartcard>",
        ),
        ("redirdev", "default", "<redirdev/>"),
        (
            "redirdev",
            "usb,type=tcp,server=localhost:4000,boot_order=3",
            '<redirdev bus="usb" type="tcp"><source host="localhost" service="4000"/><boot order="3"/></redirdev>',
        ),
        ("rng", "/dev/random", '<rng><backend model="random">/dev/random</backend></rng>'),
        (
            "rng",
            "device=/dev/hwrng,model=virtio",
            '<rng model="virtio"><backend model="random">/dev/hwrng</backend></rng>',
        ),
        ("rng", "type=egd,backend.type=nmdm", '<rng><backend model="egd" type="nmdm"/></rng>'),
        ("rng", "builtin,rate_bytes=5", '<rng><rate bytes="5"/><backend model="builtin"/></rng>'),
        (
            "rng",
            "egd,backend_host=127.0.0.1,backend_service=8000,backend_type=udp,backend_mode=bind,"
            "backend_connect_host=foo,backend_connect_service=708",
            '<rng><backend model="egd" type="udp"><source mode="bind" host="127.0.0.1" service="8000"/>'
            '<source mode="connect" host="foo" service="708"/></backend></rng>',
        ),
    ],
)
def test_places(built: Built, group: str, text: str, xml: str) -> None:
    assert built(group, text) == xml


@pytest.mark.parametrize("text", ["tcp,source.service=http", "log.append=perhaps", "pty,target.port=x", "pty,unix"])
def test_refusals(say: Say, text: str) -> None:
    with pytest.raises(UsageError):
        say("serial", text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("a:1", "a", "1"),
        ("a", "a", ""),
        (":1", "127.0.0.1", "1"),
        ("::1", "::1", ""),
        ("[::1]:80", "::1", "80"),
        ("[::1]", "::1", ""),
    ],
)
def test_hosts_and_ports(text: str, host: str, port: str) -> None:
    assert host_and_port(text) == (host, port)

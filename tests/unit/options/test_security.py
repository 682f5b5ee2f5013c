"""--seclabel, --keywrap, --launchSecurity, --qemu-commandline and --xml."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError
from virtprov.xml import tree

Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("group", "text", "xml"),
    [
        (
            "seclabel",
            "type=static,label=system_u:object_r:svirt_image_t:s0:c100,c200,relabel=yes,baselabel=b",
            '<seclabel type="static" relabel="yes"><label>system_u:object_r:svirt_image_t:s0:c100,c200</label>'
            "<baselabel>b</baselabel></seclabel>",
        ),
        (
            "seclabel",
            "label=foo,bar,baz,UNKNOWN=val,relabel=on",
            '<seclabel relabel="yes"><label>foo,bar,baz,UNKNOWN=val</label></seclabel>',
        ),
        ("keywrap", "cipher0.name=aes,cipher0.state=on", '<keywrap><cipher name="aes" state="on"/></keywrap>'),
        ("launchSecurity", "sev", '<launchSecurity type="sev"/>'),
        (
            "launchSecurity",
            "type=sev,policy=0x0001,cbitpos=47,kernelHashes=yes",
            '<launchSecurity type="sev" kernelHashes="yes"><policy>0x0001</policy>'
            "<cbitpos>47</cbitpos></launchSecurity>",
        ),
        (
            "launchSecurity",
            "tdx,mrOwner=ab==,quoteGenerationSocket=/run/qgs.socket",
            '<launchSecurity type="tdx"><mrOwner>ab==</mrOwner>'
            '<quoteGenerationService path="/run/qgs.socket"/></launchSecurity>',
        ),
    ],
)
def test_documents(built: Callable[[str, str], str], group: str, text: str, xml: str) -> None:
    assert built(group, text) == xml


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-display gtk,gl=on", ["-display", "gtk,gl=on"]),
        ('-foo bar,baz="wib wob"', ["-foo", "bar,baz=wib wob"]),
        ("args=-foo bar", ["-foo", "bar"]),
        ("args=x,env=A=b", ["x,env=A=b"]),
        ("a=b", ["a=b"]),
    ],
)
def test_arguments_are_cut_as_a_shell_does(
    edit: Callable[..., object], part: Callable[..., str], text: str, words: list[str]
) -> None:
    node = tree.parse(part("qemu-commandline", "./qemu:commandline", text, base="<domain/>"))
    assert [kid.get("value") for kid in node] == words


def test_arguments_are_appended(part: Callable[..., str]) -> None:
    node = tree.parse(part("qemu-commandline", "./qemu:commandline", "-a", "-b c", base="<domain/>"))
    assert [kid.get("value") for kid in node] == ["-a", "-b", "c"]


def test_environment(part: Callable[..., str]) -> None:
    xml = part("qemu-commandline", "./qemu:commandline", "env=A=b c,d=e", "env=DISPLAY=:0", "env=A=2", base="<domain/>")
    assert [(kid.get("name"), kid.get("value")) for kid in tree.parse(xml)] == [("A", "2"), ("DISPLAY", ":0")]


def test_clearing_the_command_line(say: Say) -> None:
    assert say("qemu-commandline", "clearxml=yes").clear


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("./@foo=bar", '<domain foo="bar"><clock offset="utc"/></domain>'),
        ("xpath.set=./baz,xpath.value=wib", '<domain><clock offset="utc"/><baz>wib</baz></domain>'),
        ("./clock/@offset=", "<domain/>"),
        ('./clock[@offset="utc"]/@offset=\'a, "b"\'', "<domain><clock offset=\"'a, &quot;b&quot;'\"/></domain>"),
        ("./a/b/@c=1,2", '<domain><clock offset="utc"/><a><b c="1,2"/></a></domain>'),
        ("xpath.create=./bare", '<domain><clock offset="utc"/><bare/></domain>'),
        ("xpath.delete=./clock", "<domain/>"),
        ("xpath0.set=./a=1,xpath1.set=./b=2", '<domain><clock offset="utc"/><a>1</a><b>2</b></domain>'),
    ],
)
def test_free_assignments(part: Callable[..., str], text: str, xml: str) -> None:
    assert part("xml", ".", text, base='<domain><clock offset="utc"/></domain>') == xml


@pytest.mark.parametrize(
    ("group", "text"),
    [
        ("seclabel", "dynamic"),
        ("launchSecurity", "sev,cbitpos=many"),
        ("qemu-commandline", "env=A"),
        ("qemu-commandline", "env==x"),
        ("qemu-commandline", "clearxml=yes,args=foo"),
        ("xml", "FOOXPATH"),
        ("xml", "./a"),
    ],
)
def test_refusals(say: Say, group: str, text: str) -> None:
    with pytest.raises(UsageError):
        say(group, text)


@pytest.mark.parametrize(("group", "text"), [("xml", "/@foo=bar"), ("qemu-commandline", "-a 'b")])
def test_refusals_when_it_is_written(edit: Callable[..., object], group: str, text: str) -> None:
    with pytest.raises(UsageError):
        edit(group, text)

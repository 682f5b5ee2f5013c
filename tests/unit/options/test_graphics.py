"""--graphics and --video."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write import assign, subopts
from virtprov.guest.write.assign import Assignments
from virtprov.options.catalogue import table
from virtprov.support.errors import UsageError
from virtprov.xml import tree

Built = Callable[[str, str], str]
Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("spice", '<graphics type="spice"/>'),
        ("default", "<graphics/>"),
        ("vnc,port=5950,listen=1.2.3.4,keymap=ja,password=foo,websocket=-1",)
        + ('<graphics type="vnc" port="5950" listen="1.2.3.4" keymap="ja" passwd="foo" websocket="-1"/>',),
        ("vnc,keymap=none", '<graphics type="vnc"/>'),
        ("vnc,keymap=local", '<graphics type="vnc"/>'),
        ("vnc,listen=none", '<graphics type="vnc"><listen type="none"/></graphics>'),
        ("vnc,listen=socket,tlsPort=6000", '<graphics type="vnc" tlsPort="6000"><listen type="socket"/></graphics>'),
        ("vnc,tlsport=6000,listen=socket", '<graphics type="vnc" tlsPort="6000"><listen type="socket"/></graphics>'),
        ("vnc,port=-1", '<graphics type="vnc" port="-1"/>'),
        (
            "spice,gl=on,rendernode=/a,gl.rendernode=/b",
            '<graphics type="spice"><gl enable="yes" rendernode="/b"/></graphics>',
        ),
        (
            "spice,listens0.type=address,listens0.address=1.2.3.4,listens1.type=socket",
            '<graphics type="spice"><listen type="address" address="1.2.3.4"/><listen type="socket"/></graphics>',
        ),
        (
            "spice,image_compression=glz,streaming_mode=filter,clipboard_copypaste=yes,mouse_mode=client,"
            "filetransfer_enable=on,zlib.compression=always",
            '<graphics type="spice"><image compression="glz"/><zlib compression="always"/><streaming mode="filter"/>'
            '<mouse mode="client"/><clipboard copypaste="yes"/><filetransfer enable="yes"/></graphics>',
        ),
        ("rdp,port=3389", '<graphics type="rdp" port="3389"/>'),
        ('vnc,passwd=&\\"', '<graphics type="vnc" passwd="&amp;&quot;"/>'),
    ],
)
def test_graphics(built: Built, text: str, xml: str) -> None:
    assert built("graphics", text) == xml


@pytest.mark.parametrize(
    "text",
    [
        "port=-5",
        "port=0",
        "vnc,port=5899",
        "spice,tlsport=5",
        "spice,port=5899",
        "tlsPort=-2",
        "port=70000",
        "port=x",
        "gl=foo",
    ],
)
def test_refusals(say: Say, text: str) -> None:
    with pytest.raises(UsageError):
        say("graphics", text)


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (
            '<graphics type="vnc" port="-1" autoport="yes"><listen type="address"/></graphics>',
            "listen=none",
            '<graphics type="vnc"><listen type="none"/></graphics>',
        ),
        (
            '<graphics type="vnc" listen="1.2.3.4"><listen type="address" address="1.2.3.4"/></graphics>',
            "listen=0.0.0.0",
            '<graphics type="vnc" listen="0.0.0.0"/>',
        ),
        (
            '<graphics type="vnc" port="-1" autoport="yes"/>',
            "port=5901",
            '<graphics type="vnc" port="5901"/>',
        ),
        (
            '<graphics type="spice" port="590" autoport="no"/>',
            "port=590",
            '<graphics type="spice" port="590" autoport="no"/>',
        ),
        (
            '<graphics type="vnc" listen="1.2.3.4"><listen type="address" address="1.2.3.4"/></graphics>',
            "listen=1.2.3.4",
            '<graphics type="vnc" listen="1.2.3.4"><listen type="address" address="1.2.3.4"/></graphics>',
        ),
        (
            '<graphics type="vnc" passwd="a" keymap="de"/>',
            "password=b,keymap=",
            '<graphics type="vnc" passwd="b"/>',
        ),
    ],
)
def test_editing(before: str, text: str, after: str) -> None:
    rows, node = table("graphics"), tree.parse(before)
    assign.write(node, assign.resolve(rows, subopts.pairs(rows, text)))
    assert tree.same(node, tree.parse(after)), tree.to_text(node)


@pytest.mark.parametrize(("text", "fits"), [("port=5901", True), ("listen=1.2.3.4", True), ("listen=none", False)])
def test_matching_asks_only_for_what_was_said(text: str, fits: bool) -> None:
    rows = table("graphics")
    node = tree.parse(
        '<graphics type="vnc" port="5901" autoport="no" listen="1.2.3.4">'
        '<listen type="address" address="1.2.3.4"/></graphics>'
    )
    assert assign.matches(node, assign.resolve(rows, subopts.pairs(rows, text))) is fits


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("qxl", '<video><model type="qxl"/></video>'),
        ("default", "<video/>"),
        (
            "model=qxl,vgamem=1,ram=2,vram=3,vram64=65,heads=4,accel3d=yes",
            '<video><model type="qxl" vgamem="1" ram="2" vram="3" vram64="65" heads="4">'
            '<acceleration accel3d="yes"/></model></video>',
        ),
        ("virtio,model.blob=yes", '<video><model type="virtio" blob="on"/></video>'),
    ],
)
def test_video(built: Built, text: str, xml: str) -> None:
    assert built("video", text) == xml

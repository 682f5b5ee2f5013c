"""Graphics, video, sound, input, and what comes along with SPICE."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.defaults import display
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Write = Callable[..., str]
Show = Callable[..., list[str]]

SPICE = "<graphics type='spice'/>"
GL = "<graphics type='spice'><gl enable='yes'/></graphics>"
VNC = "<graphics type='vnc'/>"


def apply(setting: RuleContext, *names: str) -> RuleContext:
    for rule in (*display.BEFORE, *display.RULES):
        if rule.name in names and rule.applies(setting):
            rule.write(setting)
    return setting


# -- displays -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({}, 1),
        ({"arch": "ppc64le", "machine": "pseries"}, 1),
        ({"arch": "aarch64", "machine": "virt"}, 1),
        ({"arch": "riscv64", "machine": "virt"}, 1),
        ({"arch": "loongarch64", "machine": "virt"}, 1),
        ({"arch": "s390x", "machine": "s390-ccw-virtio"}, 0),
        ({"arch": "armv7l", "machine": "vexpress-a9"}, 0),
        ({"refused": "graphics"}, 0),
        ({"os_type": "exe", "machine": ""}, 0),
        ({"devices": VNC + VNC}, 2),
    ],
)
def test_who_gets_a_display(said: dict[str, str], made: int, setting_of: Make) -> None:
    assert len(apply(setting_of(**said), "graphics").guest.devices("graphics")) == made


@pytest.mark.parametrize(
    ("uri", "domain", "types", "kind"),
    [
        ("qemu:///system", "kvm", "sdl vnc spice", "spice"),
        ("qemu:///system", "kvm", "sdl vnc", "vnc"),  # QEMU built without SPICE
        ("qemu:///system", "kvm", None, "spice"),  # the host does not say
        ("xen:///", "xen", "sdl vnc spice", "vnc"),
    ],
)
def test_spice_where_the_host_has_it(
    uri: str, domain: str, types: str | None, kind: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    offered = domcaps(graphics_type=types) if types else ""
    setting = setting_of(host=host_of(uri, {"domains": domain}, domcaps=offered), domain=domain)
    apply(setting, "graphics", "graphics-details")
    assert [each.get("type") for each in setting.guest.devices("graphics")] == [kind]


LOCAL_SPICE = '<graphics type="spice" port="-1" tlsPort="-1" autoport="yes"><image compression="off"/></graphics>'


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (SPICE, LOCAL_SPICE),
        ("<graphics type='default'/>", LOCAL_SPICE),
        (
            "<graphics type='spice' port='5910'/>",
            '<graphics type="spice" port="5910"><image compression="off"/></graphics>',
        ),
        (
            "<graphics type='spice' port='-1'/>",
            LOCAL_SPICE,
        ),
        (
            "<graphics type='spice' port='-1' tlsPort='5950'/>",
            '<graphics type="spice" port="-1" tlsPort="5950"><image compression="off"/></graphics>',
        ),
        (
            "<graphics type='spice' autoport='no'/>",
            '<graphics type="spice" autoport="no"><image compression="off"/></graphics>',
        ),
        (
            "<graphics type='spice'><listen type='none'/></graphics>",
            '<graphics type="spice"><listen type="none"/><image compression="off"/></graphics>',
        ),
        (
            "<graphics type='spice'><image compression='glz'/></graphics>",
            '<graphics type="spice" port="-1" tlsPort="-1" autoport="yes"><image compression="glz"/></graphics>',
        ),
        (VNC, '<graphics type="vnc" port="-1"/>'),
        ("<graphics type='vnc' port='5900'/>", '<graphics type="vnc" port="5900"/>'),
        ("<graphics type='vnc' socket='/s'/>", '<graphics type="vnc" socket="/s"/>'),
        (
            "<graphics type='vnc'><listen type='socket'/></graphics>",
            '<graphics type="vnc"><listen type="socket"/></graphics>',
        ),
        ("<graphics type='egl-headless'/>", '<graphics type="egl-headless"/>'),
    ],
)
def test_ports_and_compression(given: str, made: str, setting_of: Make, show: Show) -> None:
    assert show(apply(setting_of(given), "graphics-details").guest, "graphics") == [made]


def test_a_remote_spice_display_compresses_images(setting_of: Make, host_of: Record, show: Show) -> None:
    host = host_of("qemu+ssh://vm.example.com/system")
    (made,) = show(apply(setting_of(SPICE, host=host), "graphics-details").guest, "graphics")
    assert "image" not in made


RENDER_NODE = """<device><name>drm_renderD129</name><devnode type='dev'>/dev/dri/renderD129</devnode>
<devnode type='link'>/dev/dri/by-path/pci-0000:00:02.0-render</devnode>
<capability type='drm'><type>{}</type></capability></device>"""


@pytest.mark.parametrize(
    ("kind", "node"), [("render", "/dev/dri/by-path/pci-0000:00:02.0-render"), ("primary", ""), ("", "")]
)
def test_spice_with_gl_renders_on_the_first_card(kind: str, node: str, setting_of: Make, host_of: Record) -> None:
    host = host_of(inventory=RENDER_NODE.format(kind) if kind else "<!-- no card -->")
    setting = apply(setting_of(GL, host=host), "graphics-details")
    assert setting.guest.get("./devices/graphics/gl/@rendernode") == node


@pytest.mark.parametrize(
    ("environment", "given", "made"),
    [
        (
            {"DISPLAY": ":7"},
            "<graphics type='sdl'/>",
            '<graphics type="sdl" display=":7" xauth="/home/joe/.Xauthority"/>',
        ),
        ({}, "<graphics type='sdl'/>", '<graphics type="sdl" xauth="/home/joe/.Xauthority"/>'),
        (
            {"DISPLAY": ":7"},
            "<graphics type='sdl' display=':1' xauth='/x'/>",
            '<graphics type="sdl" display=":1" xauth="/x"/>',
        ),
    ],
)
def test_sdl_draws_on_the_users_screen(
    environment: dict[str, str], given: str, made: str, setting_of: Make, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("HOME", "/home/joe")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert show(apply(setting_of(given), "graphics-details").guest, "graphics") == [made]


# -- video ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("devices", "said", "models", "made"),
    [
        (SPICE, {}, "vga virtio qxl", "qxl"),
        (SPICE, {}, "vga virtio", "vga"),  # QEMU may be built without qxl
        (SPICE, {"profile": "debian12"}, "vga virtio qxl", "virtio"),
        (SPICE, {"profile": "debian12"}, "vga qxl", "qxl"),
        (VNC, {"profile": "debian12"}, "vga virtio", "virtio"),
        (VNC, {}, "vga virtio", "vga"),
        (VNC, {}, None, "vga"),
        (VNC, {"profile": "winxp"}, "vga virtio", "vga"),
        (GL, {}, "vga", "virtio"),
        (VNC, {"os_attrs": "firmware='efi'"}, "vga bochs", "bochs"),
        (VNC, {"os_attrs": "firmware='efi'"}, "vga", "vga"),
        (VNC, {"arch": "aarch64", "machine": "virt", "os_attrs": "firmware='efi'"}, "ramfb", "ramfb"),
        (SPICE, {"arch": "aarch64", "machine": "virt", "profile": "debian12"}, "virtio ramfb", "virtio"),
        (VNC, {"arch": "ppc64le", "machine": "pseries", "profile": "debian12"}, "vga virtio", "vga"),
        (VNC, {"arch": "s390x", "machine": "s390-ccw-virtio"}, "", "virtio"),
        (VNC, {"arch": "riscv64", "machine": "virt"}, "", "virtio"),
        (VNC, {"arch": "loongarch64", "machine": "virt"}, "", "virtio"),
    ],
)
def test_video_models(
    devices: str, said: dict[str, str], models: str | None, made: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    offered = domcaps(video_modelType=models) if models is not None else ""
    setting = apply(setting_of(devices, host=host_of(domcaps=offered), **said), "video")
    assert setting.guest.get("./devices/video/model/@type") == made


@pytest.mark.parametrize(
    ("devices", "made"),
    [
        ("", []),  # nobody looks
        (VNC + "<video><model type='cirrus'/></video>", ['<video><model type="cirrus"/></video>']),
        (VNC + "<video><model type='none'/></video>", ['<video><model type="none"/></video>']),
        (
            GL + "<video><model type='virtio'/></video>",
            ['<video><model type="virtio"><acceleration accel3d="yes"/></model></video>'],
        ),
        (
            GL + "<video><model type='virtio'><acceleration accel3d='no'/></model></video>",
            ['<video><model type="virtio"><acceleration accel3d="no"/></model></video>'],
        ),
        (GL + "<video><model type='qxl'/></video>", ['<video><model type="qxl"/></video>']),
    ],
)
def test_video_cards(devices: str, made: list[str], setting_of: Make, show: Show) -> None:
    assert show(apply(setting_of(devices), "video").guest, "video") == made


# -- what SPICE brings along ----------------------------------------------------------------------

CHANNEL = '<channel type="spicevmc"><target type="virtio" name="com.redhat.spice.0"/></channel>'
REDIRDEV = '<redirdev bus="usb" type="spicevmc"/>'


@pytest.mark.parametrize(
    ("rule", "tag", "devices", "said", "made"),
    [
        ("spice-channel", "channel", SPICE, {}, [CHANNEL]),
        ("spice-channel", "channel", VNC, {}, []),
        ("spice-channel", "channel", SPICE, {"refused": "channel"}, []),
        ("spice-channel", "channel", SPICE, {"domain": "xen"}, []),
        ("spice-channel", "channel", SPICE + "<channel type='pty'/>", {}, ['<channel type="pty"/>', CHANNEL]),
        ("spice-channel", "channel", SPICE + "<channel type='spicevmc'/>", {}, ['<channel type="spicevmc"/>']),
        ("spice-sound", "sound", SPICE, {}, ["<sound/>"]),
        ("spice-sound", "sound", VNC, {}, []),
        ("spice-sound", "sound", SPICE, {"domain": "xen"}, ["<sound/>"]),
        ("spice-sound", "sound", SPICE, {"refused": "sound"}, []),
        ("spice-sound", "sound", SPICE + "<sound model='usb'/>", {}, ['<sound model="usb"/>']),
        ("spice-usb", "redirdev", SPICE, {}, [REDIRDEV] * 2),
        ("spice-usb", "redirdev", GL, {}, [REDIRDEV] * 2),
        ("spice-usb", "redirdev", VNC, {}, []),
        ("spice-usb", "redirdev", SPICE, {"refused": "redirdev"}, []),
        ("spice-usb", "redirdev", SPICE, {"arch": "aarch64", "machine": "virt"}, []),
        ("spice-usb", "redirdev", SPICE + "<controller type='usb' model='none'/>", {}, []),
        ("spice-usb", "redirdev", SPICE, {"os_type": "xen"}, []),  # no USB there to redirect to
    ],
)
def test_helpers_of_spice(
    rule: str, tag: str, devices: str, said: dict[str, str], made: list[str], setting_of: Make, show: Show
) -> None:
    assert show(apply(setting_of(devices, **said), rule).guest, tag) == made


@pytest.mark.parametrize(
    ("given", "said", "model"),
    [
        ("<sound/>", {}, "ich9"),
        ("<sound model='default'/>", {}, "ich9"),
        ("<sound/>", {"machine": "pc"}, "ich6"),
        ("<sound/>", {"arch": "aarch64", "machine": "virt"}, "ich9"),
        ("<sound model='ac97'/>", {}, "ac97"),
    ],
)
def test_sound_models(given: str, said: dict[str, str], model: str, setting_of: Make) -> None:
    assert apply(setting_of(given, **said), "sound-model").guest.get("./devices/sound/@model") == model


# -- input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("devices", "said", "made"),
    [
        (VNC, {}, ["tablet usb"]),
        (VNC, {"arch": "aarch64", "machine": "virt"}, ["tablet usb", "keyboard usb"]),
        (VNC, {"arch": "s390x", "machine": "s390-ccw-virtio"}, ["tablet virtio", "keyboard virtio"]),
        ("", {}, []),
        (VNC, {"refused": "input"}, []),
        (VNC + "<input type='mouse' bus='ps2'/>", {}, ["mouse ps2"]),
        (VNC + "<controller type='usb' model='none'/>", {}, []),
        (VNC, {"os_type": "xen", "domain": "xen"}, []),
        (VNC, {"os_type": "exe", "machine": ""}, []),
    ],
)
def test_pointers_follow_the_viewer(devices: str, said: dict[str, str], made: list[str], setting_of: Make) -> None:
    found = apply(setting_of(devices, **said), "input").guest.devices("input")
    assert [f"{each.get('type')} {each.get('bus')}" for each in found] == made

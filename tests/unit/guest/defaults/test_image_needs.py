"""What a cloud image needs: the least CPU that it starts on, a firmware that boots it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest import defaults
from virtprov.guest.defaults.image_needs import level_of
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host
from virtprov.images.image_facts import BIOS, UEFI, ImageFacts
from virtprov.support.errors import HostError, UsageError

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Write = Callable[..., str]

V3, V2 = "x86-64-v3", "x86-64-v2"
MAXIMUM = "<mode name='maximum' supported='yes'/>"


def cpu_of(setting: RuleContext, floor: str = V3) -> str:
    """Run the rules about CPUs, and return the mode or the model."""
    setting.image = ImageFacts("tonic10", cpu_floor=floor)
    for rule in defaults.RULES:
        if rule.name in ("cpu-model", "cpu") and rule.applies(setting):
            rule.write(setting)
    defaults.check_image(setting)
    return setting.guest.get("./cpu/model") or setting.guest.get("./cpu/@mode")


def host_model(name: str) -> str:
    return f"<mode name='host-model' supported='yes'><model fallback='forbid'>{name}</model></mode>"


def custom(model: str, usable: str = "yes", *blockers: str) -> str:
    blocked = "".join(f"<feature name='{name}'/>" for name in blockers)
    return (
        f"<mode name='custom' supported='yes'><model usable='{usable}'>{model}</model>"
        f"<blockers model='{model}'>{blocked}</blockers></mode>"
    )


@pytest.mark.parametrize(
    "offered",
    [
        host_model("Skylake-Client-IBRS"),
        host_model("EPYC-Rome"),
        host_model("SomethingNew"),
        host_model("SandyBridge") + custom("Haswell-noTSX"),
        custom("EPYC"),
        custom("Haswell-noTSX", "no", "pcid", "invpcid"),
    ],
)
def test_the_cpu_of_a_host_that_is_enough(offered: str, setting_of: Make, host_of: Record, domcaps: Write) -> None:
    assert cpu_of(setting_of(host=host_of(domcaps=domcaps(cpu=offered), cpu="x"))) in ("host-model", "x")


@pytest.mark.parametrize(
    "offered", [host_model("IvyBridge"), host_model("Nehalem-IBRS"), custom("Haswell-noTSX", "no", "avx2", "pcid")]
)
def test_a_host_that_is_too_old(offered: str, setting_of: Make, host_of: Record, domcaps: Write) -> None:
    host = host_of(domcaps=domcaps(cpu=offered))
    with pytest.raises(
        HostError, match=f"tonic10 requires a CPU of level {V3}, which the host does not have"
    ) as caught:
        cpu_of(setting_of(host=host))
    assert caught.value.hint
    if "Haswell" not in offered:
        assert cpu_of(setting_of(host=host_of(domcaps=domcaps(cpu=offered))), V2), "it is enough for less"


def test_a_cpu_is_chosen_where_libvirts_default_is_too_old(setting_of: Make, host_of: Record, domcaps: Write) -> None:
    assert cpu_of(setting_of(host=host_of(domcaps=domcaps(cpu="")))) == "host-passthrough"
    assert cpu_of(setting_of(host=host_of(domcaps=domcaps(cpu="")), domain="qemu")) == "maximum"
    assert cpu_of(setting_of(host=host_of(domcaps=domcaps(cpu=MAXIMUM)), domain="qemu")) == "maximum"


def test_emulation_does_not_depend_on_the_host(setting_of: Make, host_of: Record, domcaps: Write) -> None:
    offered = MAXIMUM + host_model("Nehalem")
    assert cpu_of(setting_of(host=host_of(domcaps=domcaps(cpu=offered)), domain="qemu")) == "maximum"


@pytest.mark.parametrize("model", ["qemu64", "Nehalem", "IvyBridge-IBRS", "Opteron_G5", "core2duo", "pentium3"])
def test_a_model_that_the_user_chose_and_that_is_too_old(model: str, setting_of: Make) -> None:
    setting = setting_of(rest=f"<cpu><model>{model}</model></cpu>")
    with pytest.raises(UsageError, match=f"--cpu {model}: the image tonic10 requires a CPU of level {V3}") as caught:
        cpu_of(setting)
    assert "Haswell" in caught.value.hint


@pytest.mark.parametrize("model", ["Haswell", "Skylake-Server-noTSX-IBRS", "EPYC-Milan-v2", "NewModel2030"])
def test_a_model_that_is_enough(model: str, setting_of: Make) -> None:
    assert cpu_of(setting_of(rest=f"<cpu><model>{model}</model></cpu>")) == model


def test_features_that_the_user_adds(setting_of: Make) -> None:
    names = ("abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave")
    features = "".join(f"<feature policy='require' name='{name}'/>" for name in names)
    assert cpu_of(setting_of(rest=f"<cpu><model>Nehalem</model>{features}</cpu>")) == "Nehalem"
    with pytest.raises(UsageError):
        cpu_of(setting_of(rest=f"<cpu><model>Nehalem</model>{features.replace('require', 'disable')}</cpu>"))


def test_no_cpu_at_all(setting_of: Make) -> None:
    with pytest.raises(UsageError, match="--cpu none: the image tonic10 requires"):
        cpu_of(setting_of(choices={"cpu_preset": "none"}))


def test_other_guests_are_left_alone(setting_of: Make) -> None:
    assert cpu_of(setting_of(rest="<cpu><model>qemu64</model></cpu>"), "") == "qemu64"
    assert cpu_of(setting_of(domain="test", rest="<cpu><model>qemu64</model></cpu>")) == "qemu64"
    assert cpu_of(setting_of(arch="i686", rest="<cpu><model>qemu64</model></cpu>")) == "qemu64"


def test_levels() -> None:
    assert [level_of(name) for name in ("kvm64", "Westmere", "EPYC", "max", "")] == ["x86-64", V2, V3, "", ""]


@pytest.mark.parametrize(
    ("only", "options", "words"),
    [
        (BIOS, {"choices": {"uefi": True}}, "tonic2 boots with BIOS only, but UEFI is requested"),
        (BIOS, {"choices": {"secure_boot": True}}, "BIOS only"),
        (BIOS, {"os_attrs": "firmware='efi'"}, "BIOS only"),
        (UEFI, {"choices": {"uefi": False}}, "tonic2 boots with UEFI only, but BIOS is requested"),
    ],
)
def test_another_firmware_is_refused(only: str, options: dict[str, object], words: str, setting_of: Make) -> None:
    setting = setting_of(**options)
    setting.image = ImageFacts("tonic2", firmware=only)
    with pytest.raises(UsageError, match=words) as caught:
        defaults.check_image(setting)
    assert caught.value.hint

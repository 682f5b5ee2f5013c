"""--features."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("acpi=on,pae=off,hap=yes", "<acpi/><hap/>"),
        ("acpi=yes,eoi=on", '<acpi/><apic eoi="on"/>'),
        ("apic=off,apic.eoi=on", '<apic eoi="on"/>'),
        ("hyperv_vapic=on,hyperv.vapic.state=off", '<hyperv><vapic state="off"/></hyperv>'),
        (
            "hyperv.relaxed.state=on,hyperv_spinlocks=on,hyperv_spinlocks_retries=8191",
            '<hyperv><relaxed state="on"/><spinlocks state="on" retries="8191"/></hyperv>',
        ),
        (
            "hyperv.tlbflush.state=on,hyperv.tlbflush.direct.state=on,hyperv.tlbflush.extended.state=on",
            '<hyperv><tlbflush state="on"><direct state="on"/><extended state="on"/></tlbflush></hyperv>',
        ),
        ("hyperv.xmm_input.state=on", '<hyperv><xmm_input state="on"/></hyperv>'),
        ("kvm_hidden=on,kvm.pv-ipi.state=on", '<kvm><hidden state="on"/><pv-ipi state="on"/></kvm>'),
        ("pmu=off,vmport=off,smm=yes,vmcoreinfo=1", None),
        ("gic_version=host", '<gic version="host"/>'),
        ("smm.tseg=48,smm.tseg.unit=MiB", '<smm><tseg unit="MiB">48</tseg></smm>'),
        ("msrs.unknown=ignore", '<msrs unknown="ignore"/>'),
    ],
)
def test_documents(built: Callable[[str, str], str], text: str, inner: str | None) -> None:
    inner = inner or '<pmu state="off"/><vmport state="off"/><smm state="on"/><vmcoreinfo state="on"/>'
    assert built("features", text) == f"<features>{inner}</features>"


def test_switching_a_feature_off_takes_its_details_too(part: Callable[..., str]) -> None:
    base = '<domain><features><acpi/><apic eoi="on"/><pae/></features></domain>'
    assert part("features", "./features", "apic=off", base=base) == "<features><acpi/><pae/></features>"


def test_switching_a_feature_on_keeps_its_details(part: Callable[..., str]) -> None:
    base = '<domain><features><apic eoi="on"/></features></domain>'
    assert part("features", "./features", "apic=on", base=base) == '<features><apic eoi="on"/></features>'


def test_the_last_feature_takes_the_element_along(part: Callable[..., str]) -> None:
    assert part("features", "./features", "acpi=", base="<domain><features><acpi/></features></domain>") == ""


@pytest.mark.parametrize("text", ["acpi", "acpi=maybe", "smm.state=abc", "hyperv.vapick.state=on", "pvspinlock=on"])
def test_refusals(say: Callable[[str, str], Assignments], text: str) -> None:
    with pytest.raises(UsageError):
        say("features", text)

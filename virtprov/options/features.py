"""`--features`: features of the machine other than its processor (ACPI, APIC, Hyper-V, KVM, Xen and more)."""

from __future__ import annotations

from virtprov.options.model import FLAG, INT, ONOFF, YESNO, Row, Table

_AT = "./features/"


def _state(name: str, old: str = "") -> Row:
    """Return the row of a feature that is switched by a `state`."""
    return Row(f"{name}.state", f"{_AT}{name.replace('.', '/')}/@state", ONOFF, old=(old,) if old else ())


_HYPERV = (
    Row("hyperv.mode", _AT + "hyperv/@mode", values=("custom", "passthrough")),
    _state("hyperv.relaxed", "hyperv_relaxed"),
    _state("hyperv.vapic", "hyperv_vapic"),
    _state("hyperv.spinlocks", "hyperv_spinlocks"),
    Row("hyperv.spinlocks.retries", _AT + "hyperv/spinlocks/@retries", INT, old=("hyperv_spinlocks_retries",)),
    _state("hyperv.vpindex"),
    _state("hyperv.runtime"),
    _state("hyperv.synic", "hyperv_synic"),
    _state("hyperv.stimer"),
    _state("hyperv.stimer.direct"),
    _state("hyperv.reset", "hyperv_reset"),
    _state("hyperv.vendor_id"),
    Row("hyperv.vendor_id.value", _AT + "hyperv/vendor_id/@value"),
    _state("hyperv.frequencies"),
    _state("hyperv.reenlightenment"),
    _state("hyperv.tlbflush"),
    _state("hyperv.tlbflush.direct"),
    _state("hyperv.tlbflush.extended"),
    _state("hyperv.ipi"),
    _state("hyperv.evmcs"),
    _state("hyperv.avic"),
    _state("hyperv.emsr_bitmap"),
    _state("hyperv.xmm_input"),
)
_KVM = (
    _state("kvm.hidden", "kvm_hidden"),
    _state("kvm.hint-dedicated"),
    _state("kvm.poll-control"),
    _state("kvm.pv-ipi"),
    _state("kvm.dirty-ring"),
    Row("kvm.dirty-ring.size", _AT + "kvm/dirty-ring/@size", INT),
)
_XEN = (
    _state("xen.e820_host"),
    _state("xen.passthrough"),
    Row("xen.passthrough.mode", _AT + "xen/passthrough/@mode", values=("sync_pt", "share_pt")),
)
_PSERIES = (
    Row("hpt.resizing", _AT + "hpt/@resizing", values=("enabled", "disabled", "required")),
    _state("htm"),
    _state("nested-hv"),
    _state("ccf-assist"),
    Row("cfpc.value", _AT + "cfpc/@value", values=("broken", "workaround", "fixed")),
    Row("sbbc.value", _AT + "sbbc/@value", values=("broken", "workaround", "fixed")),
    Row("ibs.value", _AT + "ibs/@value", values=("broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na")),
)

TABLES = (
    Table(
        "features",
        ".",
        (
            Row("acpi", _AT + "acpi", FLAG),
            Row("apic", _AT + "apic", FLAG),
            Row("apic.eoi", _AT + "apic/@eoi", ONOFF, old=("eoi",)),
            Row("pae", _AT + "pae", FLAG),
            Row("hap", _AT + "hap", FLAG),
            Row("viridian", _AT + "viridian", FLAG),
            Row("privnet", _AT + "privnet", FLAG),
            *_HYPERV,
            *_KVM,
            *_XEN,
            _state("pvspinlock"),
            _state("pmu", "pmu"),
            _state("vmport", "vmport"),
            Row("gic.version", _AT + "gic/@version", old=("gic_version",), values=("host", "2", "3")),
            _state("smm", "smm"),
            Row("smm.tseg", _AT + "smm/tseg", INT),
            Row("smm.tseg.unit", _AT + "smm/tseg/@unit"),
            Row("ioapic.driver", _AT + "ioapic/@driver", values=("kvm", "qemu")),
            _state("vmcoreinfo", "vmcoreinfo"),
            Row("msrs.unknown", _AT + "msrs/@unknown", values=("ignore", "fault")),
            *_PSERIES,
            Row("tcg.tb-cache", _AT + "tcg/tb-cache", INT),
            Row("tcg.tb-cache.unit", _AT + "tcg/tb-cache/@unit"),
            Row("async-teardown.enabled", _AT + "async-teardown/@enabled", YESNO),
            _state("ras"),
            _state("ps2"),
            Row("aia.mode", _AT + "aia/@mode", values=("aplic", "aplic-imsic", "none")),
            Row("capabilities.policy", _AT + "capabilities/@policy", values=("default", "allow", "deny")),
        ),
        part="./features",
    ),
)

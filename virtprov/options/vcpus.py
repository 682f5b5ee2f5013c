"""`--vcpus`: the number of processors, their topology, and the host's processors on which they run."""

from __future__ import annotations

from virtprov.options.model import INT, YESNO, Pair, Row, Table


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate `vcpus=2,maxvcpus=4` to 4 processors, 2 of them present at boot, and `cpuset=auto` to placement=auto.

    `vcpus` takes precedence over `vcpu`, in any order.
    """
    values = dict(pairs)
    count = values.get("vcpus", values.get("vcpu"))
    most = values.get("maxvcpus")
    result: list[Pair] = []
    for key, value in pairs:
        if key in ("vcpus", "vcpu", "maxvcpus"):
            continue
        if key in ("cpuset", "vcpu.cpuset") and value == "auto":
            result.append(("vcpu.placement", "auto"))
        else:
            result.append((key, value))
    if most is not None:
        result.append(("maxvcpus", most))
        if count is not None:
            result.append(("vcpu.current", count))
    elif "vcpus" in values or "vcpu" in values:
        result.append(("vcpus", count))
    return result


TABLES = (
    Table(
        "vcpus",
        ".",
        (
            Row("vcpu", "./vcpu", INT),
            Row("vcpus", "./vcpu", INT),
            Row("maxvcpus", "./vcpu", INT),
            Row("vcpu.current", "./vcpu/@current", INT),
            Row("vcpu.placement", "./vcpu/@placement", old=("placement",), values=("static", "auto")),
            Row("vcpu.cpuset", "./vcpu/@cpuset", commas=True),
            Row("cpuset", "./vcpu/@cpuset", values=("auto",), commas=True),
            Row("vcpus.vcpu[0-9]*.id", "./vcpus/vcpu[#]/@id", INT),
            Row("vcpus.vcpu[0-9]*.enabled", "./vcpus/vcpu[#]/@enabled", YESNO),
            Row("vcpus.vcpu[0-9]*.hotpluggable", "./vcpus/vcpu[#]/@hotpluggable", YESNO),
            Row("vcpus.vcpu[0-9]*.order", "./vcpus/vcpu[#]/@order", INT),
            Row("sockets", "./cpu/topology/@sockets", INT),
            Row("dies", "./cpu/topology/@dies", INT),
            Row("clusters", "./cpu/topology/@clusters", INT),
            Row("cores", "./cpu/topology/@cores", INT),
            Row("threads", "./cpu/topology/@threads", INT),
        ),
        first=("vcpu",),
        expand=expand,
    ),
)

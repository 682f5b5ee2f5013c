"""`--cpu`: model, features, topology, caches and NUMA cells of the guest's processor."""

from __future__ import annotations

from virtprov.options.model import INT, ONOFF, YESNO, Pair, Row, Table, aside, remove_all, truth
from virtprov.support.errors import UsageError

POLICIES = ("force", "require", "optional", "disable", "forbid")
"""What a guest may be told about a processor feature, in the order in which features are written."""

MODES = ("host-passthrough", "host-model", "maximum")
NO_CPU = ("none", "clear", "hv-default")
"""Words instead of a model: no cpu element at all, whatever the rules for defaults say."""
PRESETS = ("default", *NO_CPU, "host-model-only", "host-copy")
"""`default` asks for the usual rules, `host-model-only` and `host-copy` for the host's model by its name."""

_CACHE_POLICY = ("none", "writeback", "writethrough")
_CELL = (
    Row("numa.cell[0-9]*.id", "./cpu/numa/cell[#]/@id", INT, old=("cell[0-9]*.id",)),
    Row("numa.cell[0-9]*.cpus", "./cpu/numa/cell[#]/@cpus", old=("cell[0-9]*.cpus",), commas=True),
    Row("numa.cell[0-9]*.memory", "./cpu/numa/cell[#]/@memory", INT, old=("cell[0-9]*.memory",)),
    Row("numa.cell[0-9]*.unit", "./cpu/numa/cell[#]/@unit", old=("cell[0-9]*.unit",)),
    Row(
        "numa.cell[0-9]*.memAccess",
        "./cpu/numa/cell[#]/@memAccess",
        old=("cell[0-9]*.memAccess",),
        values=("shared", "private"),
    ),
    Row("numa.cell[0-9]*.discard", "./cpu/numa/cell[#]/@discard", YESNO, old=("cell[0-9]*.discard",)),
    Row(
        "numa.cell[0-9]*.distances.sibling[0-9]*.id",
        "./cpu/numa/cell[#]/distances/sibling[#]/@id",
        INT,
        old=("cell[0-9]*.distances.sibling[0-9]*.id",),
    ),
    Row(
        "numa.cell[0-9]*.distances.sibling[0-9]*.value",
        "./cpu/numa/cell[#]/distances/sibling[#]/@value",
        INT,
        old=("cell[0-9]*.distances.sibling[0-9]*.value",),
    ),
    Row("numa.cell[0-9]*.cache[0-9]*.level", "./cpu/numa/cell[#]/cache[#]/@level", INT),
    Row(
        "numa.cell[0-9]*.cache[0-9]*.associativity",
        "./cpu/numa/cell[#]/cache[#]/@associativity",
        values=("none", "direct", "full"),
    ),
    Row("numa.cell[0-9]*.cache[0-9]*.policy", "./cpu/numa/cell[#]/cache[#]/@policy", values=_CACHE_POLICY),
    Row("numa.cell[0-9]*.cache[0-9]*.size.value", "./cpu/numa/cell[#]/cache[#]/size/@value", INT),
    Row("numa.cell[0-9]*.cache[0-9]*.size.unit", "./cpu/numa/cell[#]/cache[#]/size/@unit"),
    Row("numa.cell[0-9]*.cache[0-9]*.line.value", "./cpu/numa/cell[#]/cache[#]/line/@value", INT),
    Row("numa.cell[0-9]*.cache[0-9]*.line.unit", "./cpu/numa/cell[#]/cache[#]/line/@unit"),
)
_ACCESS = ("access", "read", "write")
_INTERCONNECTS = tuple(
    Row(
        f"numa.interconnects.{what}[0-9]*.{name}",
        f"./cpu/numa/interconnects/{what}[#]/@{name}",
        *((INT,) if name not in ("type", "unit") else ()),
        values=_ACCESS if name == "type" else (),
    )
    for what in ("latency", "bandwidth")
    for name in ("initiator", "target", "cache", "type", "value", "unit")
)


_SIGNS = {"+": "force", "-": "disable"}
"""What a sign before a feature's name stands for."""


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate the words for whole processors, and the features, which can be repeated.

    `+x` forces a feature, `-x` disables it. The name of a model means mode custom with an exact match; the name of a
    mode removes the previous model and its features.
    """
    result: list[Pair] = []
    features: list[tuple[str, bool, str]] = []
    for key, value in pairs:
        feature = _feature(key, value)
        if feature is not None:
            features.append(feature)
        elif key == "model" and value is not None:
            result += _model(value, pairs)
        elif key == "secure" and value:
            result.append((key, "yes" if truth(value, "--cpu secure") else "no"))
        else:
            result.append((key, value))
    features.sort(key=lambda feature: (POLICIES.index(feature[0]), feature[1]))  # features with a sign come last
    return result + [(f"./cpu/feature[@name='{name}']/@policy", policy) for policy, _, name in features]


def _feature(key: str, value: str | None) -> tuple[str, bool, str] | None:
    """Return the policy, whether a sign stands for it, and the name of the feature in a pair.

    None if it is not a feature.

    Raises UsageError for a policy without a name.
    """
    if key in POLICIES and value is not None:
        if not value:
            raise UsageError(f"--cpu {key}: no feature given", hint=f"for example --cpu {key}=x2apic")
        return key, False, value
    word = key if value is None else value if key == "model" else ""  # the first bare word is the model
    policy = _SIGNS.get(word[:1])
    return (policy, True, word[1:]) if policy is not None and len(word) > 1 else None


def _model(value: str, pairs: list[Pair]) -> list[Pair]:
    if value in MODES or value == "host":
        mode = "host-model" if value == "host" else value
        return [
            *(remove_all(f"./cpu/{name}") for name in ("model", "vendor", "feature")),
            aside("./cpu/@check"),
            ("mode", mode),
        ]
    if value in PRESETS:
        return [("preset", "none" if value in NO_CPU else value)]
    if value == "":
        return [("model", "")]
    given = {key for key, _ in pairs}
    implied = [
        aside(f"./cpu/@{name}", text) for name, text in (("mode", "custom"), ("match", "exact")) if name not in given
    ]
    return [*implied, ("model", value)]


TABLES = (
    Table(
        "cpu",
        ".",
        (
            Row("mode", "./cpu/@mode", values=("custom", *MODES)),
            Row("match", "./cpu/@match", values=("exact", "minimum", "strict")),
            Row("check", "./cpu/@check", values=("none", "partial", "full")),
            Row("migratable", "./cpu/@migratable", ONOFF),
            Row("deprecated_features", "./cpu/@deprecated_features", ONOFF),
            Row("model", "./cpu/model"),
            Row("model.fallback", "./cpu/model/@fallback", values=("allow", "forbid")),
            Row("model.vendor_id", "./cpu/model/@vendor_id"),
            Row("vendor", "./cpu/vendor"),
            Row("preset", values=PRESETS),
            Row("secure", values=("yes", "no")),
            *(Row(policy) for policy in POLICIES),
            Row("topology.sockets", "./cpu/topology/@sockets", INT),
            Row("topology.dies", "./cpu/topology/@dies", INT),
            Row("topology.clusters", "./cpu/topology/@clusters", INT),
            Row("topology.cores", "./cpu/topology/@cores", INT),
            Row("topology.threads", "./cpu/topology/@threads", INT),
            Row("cache.level", "./cpu/cache/@level", INT, values=("1", "2", "3")),
            Row("cache.mode", "./cpu/cache/@mode", values=("emulate", "passthrough", "disable")),
            Row("maxphysaddr.mode", "./cpu/maxphysaddr/@mode", values=("emulate", "passthrough")),
            Row("maxphysaddr.bits", "./cpu/maxphysaddr/@bits", INT),
            Row("maxphysaddr.limit", "./cpu/maxphysaddr/@limit", INT),
            *_CELL,
            *_INTERCONNECTS,
        ),
        first=("model",),
        part="./cpu",
        expand=expand,
    ),
)

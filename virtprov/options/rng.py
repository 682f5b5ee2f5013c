"""`--rng`: where the guest gets random numbers from."""

from __future__ import annotations

from virtprov.options.common_rows import CHAR_TYPES, arrange_ends, char_source
from virtprov.options.model import DEVICE, INT, VIRTIO, Pair, Row, Table, aside


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate the path of a device to the model `random` with that device, and older names to new ones."""
    result: list[Pair] = []
    for key, value in pairs:
        if key in ("backend.model", "type") and value and value.startswith("/"):
            key = "device"
        if key in ("device", "backend"):
            result.append(("backend", value))
            if value:
                result.append(aside("./backend/@model", "random"))
        else:
            result.append((_NEW.get(key, key), value))
    if any(key in ("backend.model", "type") for key, _ in result):
        result = [pair for pair in result if pair[0] != "!./backend/@model"]
    return arrange_ends(result, "backend.")


_ENDS = ("host", "service", "mode", "connect_host", "connect_service")
_NEW = {f"backend_{end}": f"backend.source.{end}" for end in _ENDS}
_MODELS = ("random", "egd", "builtin")

TABLES = (
    Table(
        "rng",
        "./devices/rng",
        (
            Row("model", "./@model", values=("virtio", "virtio-transitional", "virtio-non-transitional")),
            Row("backend.model", "./backend/@model", values=_MODELS, ignored=("default",)),
            Row("type", "./backend/@model", values=_MODELS),
            Row("backend", "./backend"),
            Row("device", "./backend"),
            Row("backend.type", "./backend/@type", old=("backend_type",), values=CHAR_TYPES),
            *char_source(
                "backend.",
                "./backend/",
                {f"source.{end}": (f"backend_{end}",) for end in _ENDS},
            ),
            Row("rate.bytes", "./rate/@bytes", INT, old=("rate_bytes",)),
            Row("rate.period", "./rate/@period", INT, old=("rate_period",)),
            *VIRTIO,
            *DEVICE,
        ),
        first=("backend.model",),
        many=True,
        expand=expand,
        none=True,
    ),
)

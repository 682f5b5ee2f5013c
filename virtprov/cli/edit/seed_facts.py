"""virtprov-xml --cloud-init: what is said of a seed once it is there."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.edit.guest_report import SeedReport


def facts(seeds: Sequence[SeedReport], passwords: Sequence[str]) -> dict[str, object]:
    """Return the JSON output for seeds; empty without one. `passwords` are those of seeds that are created."""
    if not seeds:
        return {}
    new = next((seed.seed for seed in seeds if seed.seed is not None), None)
    return {
        "cloud_init": {
            "seed": None if new is None else new._asdict(),
            "released": [gone._asdict() for gone in dict.fromkeys(gone for seed in seeds for gone in seed.old)],
            "root_password": next(iter(passwords), None),
        }
    }

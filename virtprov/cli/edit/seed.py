"""virtprov-xml --cloud-init: what is typed behind it, and what is said of a seed once it is there."""

from __future__ import annotations

from virtprov.guest.write import gather
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.edit.changes import EditRequest
    from virtprov.actions.edit.guest_report import SeedReport

GROUP = "cloud-init"


def request(texts: list[str]) -> EditRequest:
    """What the uses of --cloud-init ask for together; raises UsageError for words that contradict each other."""
    from virtprov.actions.edit.changes import EJECT, SEED, EditRequest
    from virtprov.cloudinit.seed_request import KEEP, from_options

    if EJECT in texts:
        if len(texts) > 1:
            raise UsageError(
                "--cloud-init eject takes the seed out, and another --cloud-init puts one in",
                hint="give one of them: a new seed replaces the old one by itself",
            )
        return EditRequest(EJECT, GROUP)
    if "none" in texts:
        raise UsageError("--cloud-init none says nothing about a guest that is there", hint="eject takes its seed out")
    words = gather.words(GROUP, [text for text in texts if text])
    seed = from_options(words)
    if words.get("keep") and seed.keep != KEEP:
        raise UsageError(
            f"--cloud-init keep={words['keep']}: the seed of a guest that is there stays until it is taken out",
            hint="leave keep out; `--cloud-init eject` takes the seed out",
        )
    return EditRequest(SEED, GROUP, seed=seed, seed_text=",".join(f"{name}={text}" for name, text in words.items()))


def facts(seeds: Sequence[SeedReport], passwords: Sequence[str]) -> dict[str, object]:
    """What JSON says of seeds: nothing when none is asked for. `passwords` are those of seeds that are really made."""
    if not seeds:
        return {}
    new = next((each.seed for each in seeds if each.seed is not None), None)
    return {
        "cloud_init": {
            "seed": None if new is None else new._asdict(),
            "released": [gone._asdict() for gone in dict.fromkeys(gone for each in seeds for gone in each.old)],
            "root_password": next(iter(passwords), None),
        }
    }

"""virtprov-xml --cloud-init: what is typed behind it, and what is said of a seed once it is there."""

from __future__ import annotations

from virtprov.guest.write import gather
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.actions.edit.changes import Changed, EditRequest
    from virtprov.cli.output import Output

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


def tell_password(parts: Iterable[Changed], output: Output) -> None:
    """Show the password that a new seed gives root; JSON carries it in its object."""
    for part in parts:
        if part.seeded is not None and part.seeded.password:
            output.password(f"Password for root's first login: {part.seeded.password}")


def facts(parts: Iterable[Changed], *, made: bool) -> dict[str, object]:
    """What JSON says of seeds: nothing when none is asked for. Passwords only of seeds that are really `made`."""
    asked = [part.seeded for part in parts if part.seeded is not None]
    if not asked:
        return {}
    seed = next((each.seed for each in asked if each.seed is not None), None)
    password = next((each.password for each in asked if each.password), "")
    old = dict.fromkeys(gone for each in asked for gone in each.old)
    return {
        "cloud_init": {
            "seed": None if seed is None else seed._asdict(),
            "released": [gone._asdict() for gone in old],
            "root_password": password if password and made else None,
        }
    }

"""virtprov-install --image-cache: list the cached images of a host, or remove those that nobody uses."""

from __future__ import annotations

from virtprov.support.errors import HostError
from virtprov.support.notation.units import show_gib, show_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.install.image_cache import Cached
    from virtprov.cli.printing.output import Output

LIST, PRUNE = "list", "prune"


def main(action: str, uri: str | None, output: Output) -> int:
    """List or prune the cached images; returns 3 if one that is not in use could not be removed."""
    from virtprov.actions.install import image_cache
    from virtprov.cli.connecting import connect

    with connect(uri) as host:
        if action == LIST:
            cached = image_cache.find_cached(host)
            if cached:
                output.table(("IMAGE", "NAME", "WHERE", "SIZE", "USE"), [_cells(image) for image in cached])
            else:
                output.summary("No images are cached.")
            output.object("image-cache", {"uri": host.uri, "images": [image.as_json() for image in cached]})
            return 0
        results = image_cache.prune(host)
    for result in results:
        if result.removed:
            output.summary(f"Removed {_describe(result.image)}.")
        elif result.why == result.image.user:
            output.say(f"Kept {_describe(result.image)}: {result.why}.")
        else:
            output.warn(f"could not remove {_describe(result.image)}: {result.why}")
    if not any(result.removed for result in results):
        output.summary("No cached image can be removed.")
    facts = [{**result.image.as_json(), "removed": result.removed, "why": result.why} for result in results]
    output.object("image-cache", {"uri": host.uri, "images": facts})
    failed = any(not result.removed and not result.image.user for result in results)
    return HostError.exit_code if failed else 0


def _describe(image: Cached) -> str:
    if image.pool:
        return f"base image {image.name} in pool '{image.pool}' ({show_size(image.size)})"
    return f"download of {image.name} in {image.path} ({show_size(image.size)})"


def _cells(image: Cached) -> tuple[str, ...]:
    """Return a line of the list: what it is, its size on the disk and for a guest, who uses it."""
    where = f"pool {image.pool}" if image.pool else "downloaded, not in a pool yet"
    size = show_size(image.size) + (f" of {show_gib(image.capacity)}" if image.capacity else "")
    label = image.note.label or ("-" if image.pool else image.name)
    return label, image.name if image.pool else "-", where, size, image.user or "not in use"

"""Steps that fetch the files of an installer, and put them where the host can read them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.run.artifacts.local_files import Download
from virtprov.actions.run.artifacts.pools_and_volumes import Volume, passing_pool
from virtprov.actions.run.trail import note_alone
from virtprov.actions.steps.secrets import undo_all
from virtprov.actions.steps.storage import write_private_volume
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.support.frozen import Record
from virtprov.support.text import join_words

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.actions.run.trail import Entry
    from virtprov.host.connection import Host
    from virtprov.places.place import BootFiles, Medium
    from virtprov.support.terminal.progress import Progress


class FetchBootFiles(Record):
    """Download or extract the kernel and the initrd of an installer, and inject files.

    Files that were already in the cache are kept there whatever happens.
    """

    files: BootFiles
    shows_itself = True

    @property
    def label(self) -> str:
        return f"Fetching {join_words(dict.fromkeys(file.source.name for file in self.files.made))}"

    def do(self, context: RunContext) -> Undo | None:
        from virtprov.places.boot_files import obtain

        files = [(file.path, file.is_private) for file in self.files.made]
        return run_fetch(context, files, lambda progress: obtain(self.files, progress))


class FetchMedium(Record):
    """Download an ISO, which is kept in the cache; a `passing` one is deleted after use."""

    medium: Medium
    path: str
    passing: bool = False
    shows_itself = True

    @property
    def label(self) -> str:
        return f"Fetching {os.path.basename(self.path)}"

    def do(self, context: RunContext) -> Undo | None:
        from virtprov.places.boot_files import obtain_medium

        return run_fetch(context, [(self.path, self.passing)], lambda progress: obtain_medium(self.medium, progress))


def run_fetch(context: RunContext, files: list[tuple[str, bool]], call: Callable[[Progress], object]) -> Undo | None:
    """Let `call` write files of this machine, given by path and whether they are deleted after use.

    Each has a folder of its own. Ctrl-C interrupts it at once. Returns how to remove the files that did not exist
    before.
    """
    new = [Download(path, passing=passing, had=not passing and os.path.lexists(path)) for path, passing in files]
    with ExitStack() as making:
        entries = [making.enter_context(context.making(artifact)) for artifact in new]
        with _cleaning_up(context.host, new, entries), context.gate.open():
            call(context.progress)
        for artifact, entry in zip(new, entries, strict=True):
            entry.note_created(artifact._replace(mark=mark_of(artifact.path)))
    new_entries = [entry for artifact, entry in zip(new, entries, strict=True) if not artifact.had]
    return undo_all(*(context.undo(entry) for entry in new_entries)) if new_entries else None


def fetch_iso(host: Host, url: str) -> str:
    """Download an ISO that is needed for the plan into the cache, and return its path.

    It has a recovery log of its own. Ctrl-C and failures leave nothing. Raises FetchError, ProvError.
    """
    from virtprov.places.boot_files import medium_path
    from virtprov.places.place import Medium
    from virtprov.places.whole_iso import download_iso

    path = medium_path(Medium(url))
    new = Download(path, had=os.path.lexists(path))
    with note_alone(host, new) as entry, _cleaning_up(host, [new], [entry]):
        return download_iso(url)


@contextmanager
def _cleaning_up(host: Host, new: list[Download], entries: list[Entry]) -> Iterator[None]:
    """Remove new files if the block that writes them fails."""
    try:
        yield
    except BaseException:
        with ExitStack() as cleaning:
            for entry in entries:
                cleaning.enter_context(entry.cleaning_up())
            for artifact in new:
                artifact.take_down(host)
        raise


class SendFile(Record):
    """Upload a file of this machine to a new volume, of a pool or, if `pool` is "", of the directory of `path`.

    A `passing` one is deleted after use.
    """

    source: str
    pool: str
    path: str
    passing: bool = True

    @property
    def label(self) -> str:
        return f"Uploading {os.path.basename(self.source)} to {self.path}"

    def do(self, context: RunContext) -> Undo | None:
        directory, name = os.path.split(self.path)
        size = os.path.getsize(self.source)
        volume = Volume(name, self.pool, self.path, passing=self.passing)
        with ExitStack() as pools:
            pool = self.pool or pools.enter_context(_open_directory(context, directory))
            return write_private_volume(context, volume, NewVolume(pool, name, "", "raw", size, 0), self.source)


@contextmanager
def _open_directory(context: RunContext, directory: str) -> Iterator[str]:
    """Yield the pool of a directory of the host, or a temporary one; the directory is created if it is missing."""
    known = context.host.storage.pool_at(directory)
    if known is not None:
        yield known.name
        return
    with passing_pool(context.host, directory, context.making, build=True) as pool:
        yield pool


def remove_passing(context: RunContext, paths: tuple[str, ...]) -> None:
    """Remove those files that are no longer used; a failure is only reported, and left to --clean-up."""
    from virtprov.support.errors import ProvError

    for entry in context.trail.passing():
        if getattr(entry.artifact, "path", "") not in paths:
            continue
        try:
            entry.artifact.take_down(context.host)
            entry.note_removed()
        except ProvError as problem:
            context.warn(f"could not remove {entry.artifact.describe()}: {problem.message}")
    context.trail.finish_waiting(context.host)

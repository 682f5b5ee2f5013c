"""ISOs on servers that only send whole files."""

from __future__ import annotations

from virtprov.places.boot_files import obtain_medium
from virtprov.places.place import Medium
from virtprov.support.slow_calls import waiting
from virtprov.support.web.http import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


class _Telling:
    """A stream that tells the user each line."""

    def write(self, text: str) -> None:
        waiting.state.tell(text.rstrip("\n"))

    def flush(self) -> None:
        """Do nothing: each line is shown at once."""


def download_iso(url: str) -> str:
    """Download an ISO into the cache, and return its path; the user is told why, and sees the progress.

    Raises FetchError, ProvError.
    """
    from typing import cast

    from virtprov.support.terminal.progress import Lines

    waiting.state.tell(f"The server of {shown(url)} does not support partial downloads: downloading the whole ISO")
    return obtain_medium(Medium(url), Lines(cast("TextIO", _Telling())))

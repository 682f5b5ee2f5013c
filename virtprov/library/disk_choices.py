"""Read what --copy says about single disks of a clone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError

if TYPE_CHECKING:
    from virtprov.actions.request import DiskChoice

ALL = "all"
FORMATS = ("raw", "qcow2")
_PLACES = ("path", "pool", "format")


def parse(texts: list[str]) -> tuple[DiskChoice, ...]:
    """Return the choice of every use of --copy; raises UsageError for contradictions within and between them."""
    choices: list[DiskChoice] = []
    for text in texts:
        choice = _read(text)
        if choice.target in [other.target for other in choices]:
            raise UsageError(f"--copy is given twice for '{choice.target}'", hint="put all its sub-options into one")
        choices.append(choice)
    return tuple(choices)


def _read(text: str) -> DiskChoice:
    """Read one use of --copy."""
    from virtprov.actions.request import DiskChoice
    from virtprov.guest.write import gather

    words = gather.words("copy", [text])
    target = words.pop("target", "")
    if not target:
        raise UsageError(f"--copy {text}: no disk given", hint="for example --copy vdb,pool=NAME, or --copy all,...")
    for name, value in words.items():
        if not value:
            raise UsageError(f"--copy {target}: {name} requires a value", hint="omit it, or give a value")
    linked, skip, share = (words[name] == "yes" if name in words else None for name in ("linked", "skip", "share"))
    pool, where, fmt = (words.get(name, "") for name in ("pool", "path", "format"))
    choice = DiskChoice(target, pool, where, fmt, linked, skip, share)
    _check(choice, [name for name in _PLACES if name in words])
    return choice


def _check(choice: DiskChoice, places: list[str]) -> None:
    """Raise UsageError if one choice contradicts itself; `places` are the names of what is said about the copy."""
    option = f"--copy {choice.target}"
    used = [name for name in ("skip", "share", "linked") if getattr(choice, name)]
    if len(used) > 1:
        raise UsageError(f"{option}: {used[0]}=yes and {used[1]}=yes cannot be used together", hint="omit one of them")
    if (choice.skip or choice.share) and places:
        raise UsageError(
            f"{option}: {used[0]}=yes and {places[0]}= cannot be used together",
            hint=f"{used[0]}=yes makes no copy; omit one of them",
        )
    if choice.skip and choice.share is False:
        raise UsageError(f"{option}: skip=yes and share=no cannot be used together", hint="omit one of them")
    if choice.format not in ("", *FORMATS):
        raise UsageError(f"{option}: invalid format '{choice.format}'", hint=f"the formats are {' and '.join(FORMATS)}")
    if choice.path and choice.pool:
        raise UsageError(
            f"{option}: path= and pool= cannot be used together", hint="give the path in the pool's directory"
        )
    if choice.path and choice.target == ALL:
        raise UsageError(
            f"{option}: path= can only be used with one disk", hint="give the target of the disk, or pool="
        )
    if choice.linked and choice.format not in ("", "qcow2"):
        raise UsageError(
            f"{option}: linked=yes and format={choice.format} cannot be used together",
            hint="the layer on top of the original's disk is always qcow2",
        )


def compare(choice: DiskChoice, skipped: list[str], forced: list[str], *, preserves: bool) -> None:
    """Raise UsageError if a choice contradicts --skip-copy, --force-copy or --preserve-data for the same disk."""
    target = choice.target
    words = [name for name in (*_PLACES, "linked") if getattr(choice, name)]
    if preserves and words and words != ["path"]:
        name = next(name for name in words if name != "path")
        raise UsageError(
            f"--copy {target}: {name}= and --preserve-data cannot be used together", hint="omit one of them"
        )
    if target in skipped and (words or False in (choice.skip, choice.share)):
        raise UsageError(f"--copy {target} and --skip-copy {target} cannot be used together", hint="omit one of them")
    if target in forced and (choice.skip or choice.share):
        raise UsageError(f"--copy {target} and --force-copy {target} cannot be used together", hint="omit one of them")

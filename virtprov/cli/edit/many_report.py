"""virtprov-xml: words about many guests: equal sentences once, failures together, sums."""

from __future__ import annotations

import sys

from virtprov.cli.edit import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.actions.edit.apply import Aborted
    from virtprov.actions.edit.guest_report import Failed, GuestReport
    from virtprov.actions.edit.run import Edit
    from virtprov.cli.edit.flags import Flags
    from virtprov.cli.output import Output
    from virtprov.support.errors import ProvError

FEW = 3
"""So many guests are named; more are counted."""
_GUEST, _PART = "\0", "\1"
SHORT = 3
"""Shorter names than that may stand in a sentence by chance."""


def words(flags: Flags) -> str:
    """The part of the command line that chooses guests."""
    said = ["--all"] if flags.every else list(flags.guests)
    said += [f"--{name} {value}" for name in ("where", "state") if (value := getattr(flags, name)) is not None]
    return " ".join(said)


def count(number: int) -> str:
    """`1 guest`, `3 guests`."""
    return f"{number} guest" if number == 1 else f"{number} guests"


def grouped(said: Iterable[tuple[str, str]]) -> list[str]:
    """Sentences about guests, equal ones as one: `12 guests: ...`."""
    from virtprov.support.text import listed

    groups: dict[str, list[str]] = {}
    sentences: dict[str, str] = {}
    for name, sentence in said:
        plain = _without(name, sentence)
        groups.setdefault(plain, []).append(name)
        sentences[plain] = sentence
    found = []
    for sentence, names in groups.items():
        if len(names) == 1 and (_GUEST in sentence or _PART in sentence):
            found.append(sentences[sentence])
            continue
        who = listed(names) if len(names) <= FEW else count(len(names))
        found.append(f"{who}: {sentence.replace(_GUEST, 'the guest').replace(_PART, 'NAME')}")
    return found


def _without(name: str, sentence: str) -> str:
    """The sentence with marks in place of the guest's name, be it alone or, if it is no short one, part of a word."""
    plain = sentence.replace(f"the guest '{name}'", f"'{name}'").replace(f"'{name}'", _GUEST)
    if len(name) < SHORT or name not in plain:
        return plain
    import re

    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _PART, plain)


def tell(reports: list[GuestReport], output: Output, *, alone: bool = False) -> None:
    """Pass on what there is to be said of guests, each thing once; of one that is named `alone` as it stands."""
    for kind, say in (("notes", output.say), ("warnings", output.warn)):
        said = [(each.name, sentence) for each in reports for sentence in getattr(each, kind)]
        for sentence in [text for _, text in said] if alone else grouped(said):
            say(sentence)
        for each in reports:
            getattr(each, kind).clear()


def fail(sentence: str) -> None:
    """Say that something failed, though the command goes on; --quiet says it as well."""
    from virtprov.support import log

    sys.stderr.write(f"error: {log.mask(sentence)}\n")


def together(
    failed: list[Failed], total: int, *, doing: bool, undoing: bool = False, unseen: int = 0
) -> ProvError:
    """The error for guests that cannot be changed, when the others are left alone for it; `unseen` are further ones."""
    sentences = grouped((name, error.message) for name, error in failed)
    first = failed[0][1]
    rest = "--keep-going leaves them out" if len(failed) > 1 else "--keep-going leaves it out"
    if len(failed) == total and not undoing and not unseen:
        rest = ""
    tail = f" ({count(unseen)} not looked at)" if unseen else ""
    if len(sentences) == 1:
        if doing and (unseen or len(failed) < total):
            tail = f"; no guest is changed{tail}"
        hint = ", or ".join(word for word in (first.hint, rest) if word)
        return first.reworded(sentences[0] + tail, hint)
    for sentence in sentences:
        fail(sentence)
    what = "cannot be changed, so none is" if doing else "cannot be looked at"
    return first.reworded(f"{len(failed)} of {count(total)} {what}{tail}", rest)


def aborted(error: Aborted) -> ProvError:
    """The error for a guest that was refused while others were changed already."""
    (sentence,) = grouped([(error.failed, error.cause.message)])
    state = "the others are as they were" if error.clean else "not all others are as they were; --undo tries again"
    hint = ", or ".join(word for word in (error.cause.hint, "--keep-going leaves it out") if word)
    return error.cause.reworded(f"{sentence}; {state}", hint)


def summary(reports: list[GuestReport], failed: list[Failed], *, verify: bool, done: bool) -> str:
    """The closing line."""
    idle = sum(each.idle for each in reports) if done else 0
    changed, total = _changed(reports, done=done), len(reports) + len(failed)
    same = len(reports) - changed - idle
    of = f"{changed} of {count(total)}"
    if verify:
        line = f"{same} of {count(total)} {_is(same)} as asked" + (f", {changed} {_is(changed)} not" if changed else "")
    elif done:
        line = f"{of} changed" + (f", {same} {'was' if same == 1 else 'were'} so already" if same else "")
        line += f", {idle} left as {'it is' if idle == 1 else 'they are'}" if idle else ""
    else:
        line = f"{of} would change" + (f", {same} {_is(same)} so already" if same else "")
    line += f", {len(failed)} failed." if failed else "."
    started = sum(each.wanted.start for each in reports) if done else 0
    later = sum(each.waits for each in reports) if done else 0
    if later:
        line += f" {later} of them {'runs' if later == 1 else 'run'}, and must be powered off and started again for it."
    if started:
        line += f" {count(started)} {'is' if started == 1 else 'are'} started."
    return line


def _changed(reports: list[GuestReport], *, done: bool) -> int:
    """How many guests were changed, or when it is not `done` would be."""
    return sum(_is_changed(each, done=done) for each in reports)


def _is_changed(report: GuestReport, *, done: bool) -> bool:
    return report.changed and not (done and report.idle)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def facts(reports: list[GuestReport], failed: list[Failed], edit: Edit, *, done: bool) -> dict[str, object]:
    """What JSON says of many guests; docs/json.md explains each key."""
    listed: list[dict[str, object]] = []
    for each in reports:
        told = report.facts(each, edit, done=done, named=True)
        listed.append({**told, "changed": _is_changed(each, done=done), "error": None})
    listed += [{"name": name, "error": error.message} for name, error in failed]
    changed = _changed(reports, done=done)
    return {"guests": listed, "changed": changed, "unchanged": len(reports) - changed, "failed": len(failed)}

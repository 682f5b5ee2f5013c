"""virtprov-xml: messages about many guests: equal sentences once, failures together, totals."""

from __future__ import annotations

from virtprov.cli.edit import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtprov.actions.edit.apply import Aborted
    from virtprov.actions.edit.editor import Edit
    from virtprov.actions.edit.guest_report import Failed, GuestReport
    from virtprov.cli.edit.flags import Flags
    from virtprov.cli.printing.output import Output
    from virtprov.support.errors import ProvError

FEW = 3
"""Up to this many guests are named; more are counted."""
_GUEST, _PART = "\0", "\1"
SHORT = 3
"""Shorter names may occur in a sentence by chance."""


def words(flags: Flags) -> str:
    """Return the part of the command line that selects guests."""
    said = ["--all"] if flags.every else list(flags.guests)
    said += [f"--{name} {value}" for name in ("where", "state") if (value := getattr(flags, name)) is not None]
    return " ".join(said)


def count(number: int) -> str:
    """Return `1 guest`, `3 guests`."""
    return f"{number} guest" if number == 1 else f"{number} guests"


def group_equal(messages: Iterable[tuple[str, str]]) -> list[str]:
    """Return sentences about guests, with equal ones combined: `12 guests: ...`."""
    from virtprov.support.text import join_words

    groups: dict[str, list[str]] = {}
    sentences: dict[str, str] = {}
    for name, sentence in messages:
        plain = _without(name, sentence)
        groups.setdefault(plain, []).append(name)
        sentences[plain] = sentence
    combined = []
    for sentence, names in groups.items():
        if len(names) == 1 and (_GUEST in sentence or _PART in sentence):
            combined.append(sentences[sentence])
            continue
        who = join_words(names) if len(names) <= FEW else count(len(names))
        combined.append(f"{who}: {sentence.replace(_GUEST, 'the guest').replace(_PART, 'NAME')}")
    return combined


def _without(name: str, sentence: str) -> str:
    """Return the sentence with marks in place of the guest's name; a short name is only replaced if it is quoted."""
    plain = sentence
    for spelling in (f"the guest '{name}'", f"guest '{name}'", f"'{name}'"):
        plain = plain.replace(spelling, _GUEST)
    if len(name) < SHORT or name not in plain:
        return plain
    import re

    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _PART, plain)


def tell(reports: list[GuestReport], output: Output, *, alone: bool = False) -> None:
    """Print messages and warnings about guests, equal ones once; those of a single guest (`alone`) unchanged."""
    for kind, say in (("notes", output.say), ("warnings", output.warn)):
        messages = [(each.name, sentence) for each in reports for sentence in getattr(each, kind)]
        for sentence in [text for _, text in messages] if alone else group_equal(messages):
            say(sentence)
        for each in reports:
            getattr(each, kind).clear()


def fail(sentence: str) -> None:
    """Print an error although the command continues; also with --quiet."""
    from virtprov.cli.printing import output
    from virtprov.support import log
    from virtprov.support.terminal.visible import on_one_line

    output.tell("error", on_one_line(log.mask(sentence)))


def together(failed: list[Failed], total: int, *, doing: bool, undoing: bool = False, unseen: int = 0) -> ProvError:
    """Return the error for guests that cannot be changed, if no other is changed because of them.

    `unseen` is the number of further guests that were not checked.
    """
    sentences = group_equal((name, error.message) for name, error in failed)
    first = failed[0][1]
    rest = "use --keep-going to skip them" if len(failed) > 1 else "use --keep-going to skip it"
    if len(failed) == total and not undoing and not unseen:
        rest = ""
    tail = f" ({count(unseen)} not checked)" if unseen else ""
    if len(sentences) == 1:
        if doing and (unseen or len(failed) < total):
            tail = f"; no guest has been changed{tail}"
        hint = ", or ".join(word for word in (first.hint, rest) if word)
        return first.reword(sentences[0] + tail, hint)
    for sentence in sentences:
        fail(sentence)
    what = "cannot be changed, so none has been changed" if doing else "cannot be read"
    return first.reword(f"{len(failed)} of {count(total)} {what}{tail}", rest)


def aborted_error(error: Aborted) -> ProvError:
    """Return the error for a guest that was refused after others had been changed."""
    (sentence,) = group_equal([(error.failed, error.cause.message)])
    state = (
        "the other guests have been restored"
        if error.clean
        else "not all other guests could be restored; --undo tries again"
    )
    hint = ", or ".join(word for word in (error.cause.hint, "use --keep-going to skip it") if word)
    return error.cause.reword(f"{sentence}; {state}", hint)


def summary(reports: list[GuestReport], failed: list[Failed], *, verify: bool, done: bool) -> str:
    """Return the last line of the output, such as `2 of 3 guests changed, 1 already matches.`"""
    total = count(len(reports) + len(failed))
    changed = _count_changed(reports, done=done)
    idle = sum(each.idle for each in reports) if done else 0
    same = len(reports) - changed - idle
    if verify:
        parts = [f"{same} of {total} {'matches' if same == 1 else 'match'}", _some(changed, "does not", "do not")]
    else:
        parts = [f"{changed} of {total} {'changed' if done else 'would change'}"]
        parts += [_some(same, "already matches", "already match"), _some(idle, "not changed")]
    parts.append(_some(len(failed), "failed"))
    sentences = [", ".join(part for part in parts if part) + ".", *(_after_change(reports) if done else ())]
    return " ".join(sentences)


def _some(number: int, one: str, more: str = "") -> str:
    """Return `1 already matches` or `2 already match`; "" for 0."""
    return f"{number} {one if number == 1 else more or one}" if number else ""


def _after_change(reports: list[GuestReport]) -> Iterator[str]:
    """Return sentences about guests that must be restarted, and about those that were started."""
    later = sum(each.waits for each in reports)
    if later:
        must = "must be powered off and started again for the change to take effect."
        yield f"{_some(later, 'is', 'are')} running and {must}"
    started = sum(each.wanted.start for each in reports)
    if started:
        yield f"{count(started)} started."


def _count_changed(reports: list[GuestReport], *, done: bool) -> int:
    """Return how many guests were changed, or, if not `done`, would be."""
    return sum(_is_changed(each, done=done) for each in reports)


def _is_changed(report: GuestReport, *, done: bool) -> bool:
    return report.changed and not (done and report.idle)


def facts(reports: list[GuestReport], failed: list[Failed], edit: Edit, *, done: bool) -> dict[str, object]:
    """Return the JSON output for many guests; docs/reference/json.md explains each key."""
    listed: list[dict[str, object]] = []
    for each in reports:
        told = report.facts(each, edit, done=done, several=True)
        listed.append({**told, "changed": _is_changed(each, done=done), "error": None})
    listed += [{"name": name, "error": error.message} for name, error in failed]
    changed = _count_changed(reports, done=done)
    return {"guests": listed, "changed": changed, "unchanged": len(reports) - changed, "failed": len(failed)}

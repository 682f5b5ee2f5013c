"""Answer in time: a question that may take long is asked in a process of its own, and the last answers are kept.

The process outlives the command for a while, so that an answer that comes too late is there the next time. It has no
terminal: nothing in it can print there, or ask for a password.
"""

from __future__ import annotations

import os

from virtprov.support.errors import ProvError
from virtprov.support.user_files import dirs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Question = tuple[str, ...]
    Ask = Callable[[Question], list[str]]
    Clock = Callable[[], float]
    Ready = Callable[[int, float], bool]

LIMIT = 0.3
"""How many seconds to wait for an answer."""
LIFE = 10
"""After how many seconds the process that asks is ended."""
MOST_TEXTS = 20_000
"""How many texts of an answer are used."""
MOST_KEPT = 64
"""How many answers of one place are kept, the latest."""
_LARGEST = 16 * 1024 * 1024


def ask(place: str, question: Question, call: Ask, *, clock: Clock, ready: Ready, began: float) -> list[str]:
    """Return the answer of `call(question)`, or the one kept for this place and question if that takes too long.

    It takes too long if LIMIT seconds by the `clock` have passed since `began`. `ready(number, seconds)` waits until
    the pipe `number` can be read. Never fails: no answer is [].
    """
    try:
        reading = _start(place, question, call)
    except OSError:
        return kept(place, question)
    try:
        data = _read(reading, clock, ready, began)
    finally:
        os.close(reading)
    answer = _texts(data)
    return kept(place, question) if answer is None else answer


def readable(number: int, seconds: float) -> bool:
    """Wait until a pipe can be read, at most `seconds`; return whether it can."""
    import select

    return bool(select.select([number], [], [], seconds)[0])


def answer(place: str, question: Question, call: Ask, writing: int) -> None:
    """Ask, write the answer to the pipe `writing`, and keep it; not while another process asks the same place."""
    import json

    from virtprov.support.user_files import lock

    try:
        with lock.take(f"completion of {place}", "asking for names", lambda _: None, patience=0):
            texts = call(question)[:MOST_TEXTS]
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(json.dumps(texts).encode())
            _keep(place, question, texts)
    except (ProvError, OSError):
        return  # there is nobody to be told


def kept(place: str, question: Question) -> list[str]:
    """Return the last answer to a question that was asked of this place; [] if there is none."""
    return _kept(place).get(_key(question), [])


def _read(number: int, clock: Clock, ready: Ready, began: float) -> bytes:
    """Read a pipe to its end; b"" if that does not come in time."""
    data = b""
    while True:
        rest = began + LIMIT - clock()
        if rest <= 0 or not ready(number, rest):
            return b""
        part = os.read(number, 1 << 16)
        if not part:
            return data
        data += part


def _start(place: str, question: Question, call: Ask) -> int:
    """Start the process that asks, and return the pipe for its answer. Raises OSError."""
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if child == 0:
        try:
            _become_silent()
            answer(place, question, call, writing)
        finally:
            os._exit(0)
    os.close(writing)
    return reading


def _become_silent() -> None:
    """Let go of the terminal, and end the process after LIFE seconds."""
    import signal

    signal.alarm(LIFE)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_ASKPASS"):  # with these, ssh asks in a window
        os.environ.pop(name, None)


def _texts(data: bytes) -> list[str] | None:
    """Return the texts of an answer; None if there is none."""
    import json

    try:
        found = json.loads(data)
    except ValueError:
        return None
    return _checked(found)


def _checked(found: Any) -> list[str] | None:
    is_right = isinstance(found, list) and all(isinstance(text, str) for text in found)
    return found if is_right else None


# -- what is kept --------------------------------------------------------------------------------


def _path(place: str) -> str:
    from hashlib import sha256

    name = sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return os.path.join(dirs.cache(), "virtprov", f"names-{name}.json")


def _key(question: Question) -> str:
    return "\t".join(question)


def _kept(place: str) -> dict[str, list[str]]:
    import json

    from virtprov.support.file_access.files import read_bytes

    try:
        found = json.loads(read_bytes(_path(place), limit=_LARGEST))
    except (ProvError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: texts for key, texts in found.items() if _checked(texts) is not None}


def _keep(place: str, question: Question, texts: list[str]) -> None:
    """Keep an answer, as the last of at most MOST_KEPT. Raises ProvError, OSError."""
    import json

    from virtprov.support.file_access import files
    from virtprov.support.user_files import private

    path = _path(place)
    answers = _kept(place)
    answers.pop(_key(question), None)
    answers[_key(question)] = texts
    latest = dict(list(answers.items())[-MOST_KEPT:])
    private.make_folder(os.path.dirname(path))
    with files.writing(path, mode=0o600) as temporary, open(temporary, "w", encoding="utf-8") as handle:
        json.dump(latest, handle)

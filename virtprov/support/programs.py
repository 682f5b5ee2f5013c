"""Helper programs: the one place that starts them."""

from __future__ import annotations

import os

from virtprov.support import log
from virtprov.support.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from signal import Handlers
    from types import FrameType
    from typing import IO, Any

    from virtprov.support.slow_calls.background import Background

    Handler = Callable[[int, FrameType | None], Any] | int | Handlers
    Word = str | os.PathLike[str]

_TAIL = 4096
"""How much of what a program writes beside this one is kept, in bytes."""

# where to look when a program is missing: name -> Debian's package, Fedora's package
PACKAGES = {
    "qemu-img": ("qemu-utils", "qemu-img"),
    "virsh": ("libvirt-clients", "libvirt-client"),
    "virt-viewer": ("virt-viewer", "virt-viewer"),
    "remote-viewer": ("virt-viewer", "virt-viewer"),
    "gpgv": ("gpgv", "gnupg2"),
    "ssh": ("openssh-client", "openssh-clients"),
    "zstd": ("zstd", "zstd"),
}


def find(program: str) -> str | None:
    """Return the path of `program`, or None when it is not installed."""
    import shutil

    return shutil.which(program)


def run(argv: Sequence[Word], *, timeout: float | None = None) -> str:
    """Run `argv` to its end, with nothing to read, and return what it wrote to standard output.

    `timeout` is in seconds. Messages are asked for in English. Raises CommandError when the program is not there,
    cannot be started, takes too long or ends with a status other than 0; what it said is the hint.
    """
    import subprocess

    words = [os.fspath(word) for word in argv]
    shown = show(words)
    log.debug("+ %s", shown)
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"`{shown}` did not finish within {timeout:g} seconds") from None
    except OSError as error:
        raise not_startable(words[0], error) from None
    if done.returncode:
        log.debug("%s", done.stderr.rstrip())
        reason = last_words(done.stderr or done.stdout)
        raise CommandError(f"`{shown}` {ending(done.returncode)}", hint=reason)
    return done.stdout


def filtered(argv: Sequence[Word], source: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Run `argv` with the data of `source` as its input, and yield its output in pieces of up to `size` bytes.

    The source is read in a thread; what it raises is raised here. Raises CommandError when the program is not there,
    cannot be started or ends with a status other than 0; what it said is the hint.
    """
    import subprocess
    import tempfile

    words = [os.fspath(word) for word in argv]
    log.debug("+ %s (filter)", show(words))
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output)
        except OSError as error:
            raise not_startable(words[0], error) from None
        feeding = _feed(process, source)
        assert process.stdout is not None
        try:
            while data := process.stdout.read(size):
                yield data
            feeding.result()
            process.wait()
        finally:
            process.kill()  # has no effect after it has ended
            process.stdout.close()
            process.wait()
        if process.returncode:
            output.seek(0)
            hint = last_words(output.read(4096).decode(errors="replace"))
            raise CommandError(f"`{show(words)}` {ending(process.returncode)}", hint=hint)


def _feed(process: subprocess.Popen[bytes], source: Iterable[bytes]) -> Background[None]:
    """Write the data to a program in a thread; a failure of the source ends the program."""
    from virtprov.support.slow_calls.background import Background

    def feed() -> None:
        pipe = process.stdin
        assert pipe is not None
        try:
            for data in source:
                pipe.write(data)
            pipe.flush()
        except BrokenPipeError:  # it has ended, and says why
            return
        except BaseException:
            process.kill()
            raise
        finally:
            _close(pipe)

    return Background(feed, "feeding")


def _close(pipe: IO[bytes]) -> None:
    """Close the input of a program that may have ended; what is left for it is dropped.

    A pipe that is closed by the garbage collector instead reports that as an error.
    """
    try:
        pipe.close()
    except BrokenPipeError:
        return


class Child:
    """A program that runs beside this one, given `data` to read; the end of what it writes is kept.

    Raises CommandError when it is not there or cannot be started.
    """

    def __init__(self, argv: Sequence[Word], data: bytes) -> None:
        import subprocess

        from virtprov.support.slow_calls.background import Background

        words = [os.fspath(word) for word in argv]
        log.debug("+ %s (beside)", show(words))
        self._said = b""
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise not_startable(words[0], error) from None
        _feed(self._process, [data])
        self._listening = Background(self._listen, "listening")

    def _listen(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with pipe:
            while data := pipe.read1(_TAIL):  # type: ignore[attr-defined]
                self._said = (self._said + data)[-_TAIL:]

    def look(self) -> tuple[int, str] | None:
        """Return how it ended and the end of what it wrote; None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        self._listening.wait(1)  # another process may have its output open
        return status, self._said.decode(errors="replace")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


def run_attached(argv: Sequence[Word]) -> int:
    """Run `argv` with this terminal as its own (a console, a viewer) and return how it ended.

    Ctrl-C goes to the program alone: it decides what to do with it, and we wait for it to end. A negative
    number is the signal that ended it, as in `subprocess`. Whatever the program did to the terminal's
    settings is put back. Raises CommandError when it is not there or cannot be started.
    """
    import signal
    import subprocess

    words = [os.fspath(word) for word in argv]
    log.debug("+ %s (attached)", show(words))
    restore = _keep_terminal()
    # a handler, not SIG_IGN: ignoring would be inherited by the program
    before = _set_interrupt(lambda signum, frame: None)
    try:
        with subprocess.Popen(words) as process:
            status = process.wait()
    except OSError as error:
        raise not_startable(words[0], error) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
        restore()
    log.debug("%s %s", words[0], ending(status))
    return status


def show(argv: Sequence[str]) -> str:
    """Return the command as a person would type it, secrets masked."""
    import shlex

    return log.mask(shlex.join(argv))


def ending(status: int) -> str:
    """Say how a program ended: "ended with status 1", "was killed by SIGTERM"."""
    import signal

    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def last_words(output: str) -> str:
    """Return the last line a failing program wrote that is not empty, secrets masked."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return log.mask(lines[-1]) if lines else ""


def not_startable(program: str, error: OSError) -> CommandError:
    """Turn what the system said about starting `program` into our words."""
    if isinstance(error, FileNotFoundError):
        names = PACKAGES.get(os.path.basename(program))
        hint = f"it is in package {names[0]} (Debian, Ubuntu) or {names[1]} (Fedora)" if names else ""
        return CommandError(f"the program '{program}' is not installed", hint=hint)
    return CommandError(f"the program '{program}' cannot be started: {reason(error)}")


def reason(error: OSError) -> str:
    """Return what the system says is wrong, fit for the middle of a sentence."""
    return (error.strerror or str(error)).lower()


def _set_interrupt(handler: Callable[[int, FrameType | None], None]) -> Handler | None:
    """Put `handler` on Ctrl-C and return the one before, or None outside the main thread."""
    import signal

    try:
        return signal.signal(signal.SIGINT, handler)
    except ValueError:
        return None


def _keep_terminal() -> Callable[[], None]:
    """Remember the settings of the terminal on standard input; calling the result puts them back."""
    import sys
    import termios

    try:
        descriptor = sys.stdin.fileno()
        settings = termios.tcgetattr(descriptor)
    except (OSError, ValueError, AttributeError, termios.error):
        return lambda: None
    return lambda: termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)

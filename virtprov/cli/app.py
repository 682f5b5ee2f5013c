"""Where the three commands begin and end: the one place that catches errors, prints them, picks the status.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the host refused or cannot be reached, 4 waited too long,
5 the guest is not as requested, 6 done, but standard output could not be written, 10 a guest does not match
(`virtprov-xml --verify`, `virtprov-install --ensure`), 130 interrupted. With `--output json` a failure is an object on
stdout too:

    {"error": {"tool": str, "kind": str, "message": str, "hint": str, "exit_code": int}}

where `kind` is one of the words in KINDS, or "failed", "interrupted", "bug"; `hint` may be empty.

Every import but the first three is deferred: `--version` loads hardly anything else. The process ends here as well
(`_leave`).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` costs more than all of `--version`
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from virtprov.cli.printing.safe_streams import Shown

    Main = Callable[[list[str]], int]

INTERRUPTED = 130
UNWRITTEN = 6
"""The command succeeded, but its result could not be written to standard output."""
# What a failure is called in JSON: by the class of the error, or the nearest one above it.
KINDS = {
    "UsageError": "usage",
    "InputError": "input",
    "HostError": "host",
    "WaitTimeout": "timeout",
    "GuestBroken": "guest",
    "Differs": "differs",
    "FetchError": "fetch",
    "MediaError": "media",
    "CommandError": "command",
}
# Modules that are not part of Python, and the distribution each comes from.
REQUIRED = {
    "libvirt": "libvirt-python",
    "libvirt_qemu": "libvirt-python",
    "libvirtmod": "libvirt-python",
    "lxml": "lxml",
    "pycdlib": "pycdlib",
    "requests": "requests",
    "yaml": "PyYAML",
}


def install() -> int:
    """Run virtprov-install on sys.argv, and end the process with its status, or return that."""

    def main(argv: list[str]) -> int:
        from virtprov.cli.install.command import main

        return main(argv)

    return _start("virtprov-install", main)


def clone() -> int:
    """Run virtprov-clone on sys.argv, and end the process with its status, or return that."""

    def main(argv: list[str]) -> int:
        from virtprov.cli.clone import main

        return main(argv)

    return _start("virtprov-clone", main)


def edit() -> int:
    """Run virtprov-xml on sys.argv, and end the process with its status, or return that."""

    def main(argv: list[str]) -> int:
        from virtprov.cli.edit.command import main

        return main(argv)

    return _start("virtprov-xml", main)


def use_environment_of(checkout: str) -> None:
    """Switch to the checkout's own virtual environment, if it has one and this is another interpreter.

    `checkout` is the real path of the directory that contains bin/. The commands of a checkout thus use the libraries
    installed by `make`, whatever `python3` is on PATH. This costs a comparison and one stat.
    """
    home = os.path.join(checkout, ".venv")
    python = os.path.join(home, "bin", "python")
    if sys.prefix != home and os.path.exists(python):
        os.execv(python, [python, *sys.argv])


def _start(tool: str, main: Main) -> int:
    while True:
        try:
            if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
                _signal.signal(_signal.SIGINT, _interrupt)
            break
        except KeyboardInterrupt:
            _noted.append(_signal.SIGINT)
    sys.unraisablehook = _raise_again
    from virtprov.cli import compat

    compat.held = compat.choose(sys.argv[0], os.environ)
    if sys.argv[1:2] == ["--version"]:
        main = _version
    elif sys.argv[1:2] and sys.argv[1] in ("--complete", "--complete-line"):
        from virtprov.cli.completion.command import answer

        def main(argv: list[str]) -> int:
            return answer(tool, argv)

    import gc

    gc.set_threshold(100_000)  # most commands are over before there is garbage worth looking for
    return _leave(run(tool, main, sys.argv[1:]))


def _version(argv: list[str]) -> int:
    from virtprov import __version__
    from virtprov.cli import compat

    sys.stdout.write(f"{compat.held.version or __version__}\n")
    return 0


def _leave(status: int) -> int:
    """End the process here: a normal exit of the interpreter takes up to a sixth of the whole command.

    Registered exit functions are run. Returns `status`, for a normal exit, if other threads have to finish their work;
    not if one of them waits for a host that does not answer, and the user has stopped waiting.
    """
    from virtprov.support.slow_calls import waiting

    threading = sys.modules.get("threading")
    if threading is not None and not waiting.state.left:
        mine = threading.current_thread()
        if any(each is not mine and not each.daemon for each in threading.enumerate()):
            return status
    import atexit

    if not waiting.state.left:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):  # closed or full; exit functions have nothing to report
                continue
    if _noted and not _acts():
        from virtprov.cli import compat

        status = compat.held.exit_code(INTERRUPTED)
    os._exit(status)


def _acts() -> bool:
    """Return whether the command may have changed a host: then an interrupt after its end is too late to undo that."""
    output = sys.modules.get("virtprov.cli.printing.output")
    return output is not None and output.Output.acts


def run(tool: str, main: Main, argv: list[str]) -> int:
    """Call `main(argv)` for the command `tool`; print any failure, and return the exit status.

    No exception leaves this function. Interrupts, and SIGTERM and SIGHUP, which are handled like them, return 130 after
    `main` has undone its changes.
    """
    from virtprov.cli.printing import safe_streams, talk

    _heed_signals()
    talk.begin(tool)
    with safe_streams.guard_streams() as out:
        try:
            return _outcome(tool, main, argv) or _flush_output(tool, out)
        finally:
            talk.end()


_noted: list[int] = []
"""The signals that arrived before or after the command itself."""


def _call(main: Main, argv: list[str]) -> int:
    """Call `main`; interrupts are raised in here, and nowhere else."""
    if _noted:
        raise KeyboardInterrupt
    return main(argv)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Handle a signal: raise KeyboardInterrupt if it has interrupted `_call`, where it is caught; otherwise note it."""
    while frame is not None:
        if frame.f_code is _call.__code__:
            raise KeyboardInterrupt
        frame = frame.f_back
    _noted.append(number)


def _raise_again(lost: sys.UnraisableHookArgs) -> None:
    """Repeat an interrupt that was raised where Python drops exceptions, such as a callback of a weak reference."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    import _thread
    from time import sleep

    main_thread = _thread.get_ident()

    def interrupt() -> None:
        sleep(0.01)  # until that callback has ended
        _signal.pthread_kill(main_thread, _signal.SIGINT)

    _thread.start_new_thread(interrupt, ())


def _outcome(tool: str, main: Main, argv: list[str]) -> int:
    """Return the status of `main`, or of its exception, which is printed."""
    from virtprov.cli import compat

    try:
        return compat.held.exit_code(_call(main, argv))
    except SystemExit as end:  # argparse leaves this way
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        return _report(tool, argv, "failed", str(end.code), code=1)
    except KeyboardInterrupt as stop:
        words = "; ".join(["interrupted", *map(str, stop.args)])
        return _report(tool, argv, "interrupted", words, code=INTERRUPTED)
    except BaseException as error:
        return _report_failure(tool, argv, error)


def _flush_output(tool: str, out: Shown) -> int:
    """Return 0 if the result has reached standard output, otherwise another status.

    It does not matter if a reader has closed it early (`| head`).
    """
    out.flush()
    if out.failure is None:
        return 0
    from virtprov.cli.printing.output import Output, tell

    if Output.acts or not isinstance(out.failure, BrokenPipeError):
        why = (out.failure.strerror or str(out.failure)).lower()
        tell("error", f"the command succeeded, but cannot write to standard output: {why}", before=f"{tool}: ")
    from virtprov.cli import compat

    return compat.held.exit_code(UNWRITTEN)


def _heed_signals() -> None:
    for number in (_signal.SIGTERM, _signal.SIGHUP):
        if _signal.getsignal(number) == _signal.SIG_DFL:  # somebody who ignores it (nohup) means it
            _signal.signal(number, _interrupt)


def _report_failure(tool: str, argv: list[str], error: BaseException) -> int:
    from virtprov.cli.printing import talk
    from virtprov.support.errors import ParseError, ProvError

    debug = talk.parse_talk(argv).debug
    if debug:
        _show_traceback(error)
    if isinstance(error, ProvError):
        kind = next((KINDS[kin.__name__] for kin in type(error).__mro__ if kin.__name__ in KINDS), "failed")
        misused = isinstance(error, ParseError)
        return _report(tool, argv, kind, error.message, error.hint, error.exit_code, misused=misused)
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] in REQUIRED:
        name = REQUIRED[(error.name or "").partition(".")[0]]
        hint = f"`pip install {name}`, or `make venv` in a checkout of virtprov"
        return _report(tool, argv, "failed", f"the Python package {name} cannot be loaded: {error}", hint)
    if isinstance(error, FileNotFoundError) and not error.filename and _is_nowhere():
        hint = "change to a folder that exists, e.g. with `cd`"
        return _report(tool, argv, "input", "the current folder has been deleted", hint, code=2)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return _report(tool, argv, "failed", f"{where}{error.strerror}")
    hint = "" if debug else "run the command again with --debug, and report the output"
    return _report(tool, argv, "bug", f"this is a bug in virtprov: {type(error).__name__}: {error}", hint)


def _is_nowhere() -> bool:
    """Return whether the current folder has been deleted, so that relative paths do not work."""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _report(
    tool: str, argv: list[str], kind: str, message: str, hint: str = "", code: int = 1, *, misused: bool = False
) -> int:
    """Print what went wrong: a sentence and a hint for people, an object for programs. Returns the exit status."""
    from virtprov.cli import compat
    from virtprov.cli.printing import output, talk
    from virtprov.support import log
    from virtprov.support.terminal.visible import on_one_line

    said = talk.parse_talk(argv)
    message, hint = log.mask(message), log.mask(hint)
    if code == INTERRUPTED:
        sys.stderr.write(f"{tool}: {on_one_line(message)}\n")
    else:
        output.tell("error", on_one_line(message), before=f"{tool}: ")
    if hint:
        output.tell("hint", on_one_line(hint))
    code = compat.held.exit_code(code, misused=misused)
    if said.json:
        body = {"tool": tool, "kind": kind, "message": message, "hint": hint, "exit_code": code}
        output.emit("error", {"error": body})
    return code


def _show_traceback(error: BaseException) -> None:
    import traceback

    from virtprov.support import log

    sys.stderr.write(log.mask("".join(traceback.format_exception(error))))

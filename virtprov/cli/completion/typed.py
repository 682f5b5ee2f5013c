"""A command line that is being typed: the words before the one that is completed, and what that one belongs to."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action

    from virtprov.cli.parser import Parser


class Typed:
    """The words of a command line.

    `current` is the word that is completed. `action` is the flag whose value it may be, or None. `names` are
    the words before it that belong to no flag. `given` are the flags before it with their values, in order.
    """

    def __init__(self, parser: Parser, words: list[str]) -> None:
        self.parser = parser
        self.current = words[-1] if words else ""
        self.before = words[:-1]
        self.names: list[str] = []
        self.given: list[tuple[Action, str]] = []
        self.action: Action | None = None
        self.is_over = "--" in self.before
        """Whether only names can follow."""
        self._read()

    def value_of(self, dest: str) -> str | None:
        """Return the last value of the flag that is stored as `dest`; None if it is not given."""
        found = [value for action, value in self.given if action.dest == dest]
        return found[-1] if found else None

    def last_of(self, dests: tuple[str, ...]) -> str:
        """Return which of some flags was given last, by the names they are stored as; "" if none was."""
        return next((action.dest for action, _ in reversed(self.given) if action.dest in dests), "")

    def _read(self) -> None:
        open_action: Action | None = None
        must = False  # whether its value has to come now
        for word in self.before:
            if must and open_action is not None:
                self._take(open_action, word)
                must = False
                open_action = open_action if open_action.nargs in ("+", "*") else None
            elif word.startswith("-") and word != "-":
                open_action, must = self._flag(word)
            elif open_action is not None:
                self._take(open_action, word)
                open_action = open_action if open_action.nargs in ("+", "*") else None
            else:
                self.names.append(word)
        if open_action is not None and (must or not self.current.startswith("-")):
            self.action = open_action

    def _flag(self, word: str) -> tuple[Action | None, bool]:
        """Read a flag; return it if values can follow, and whether one must."""
        name, equals, value = word.partition("=")
        action = self.parser.flag(name)
        if action is None or action.nargs == 0 or equals:
            if action is not None:
                self.given.append((action, value))
            return None, False
        if action.nargs != "?":
            return action, True
        self.given.append((action, ""))
        return action, False

    def _take(self, action: Action, value: str) -> None:
        self.given.append((action, value))

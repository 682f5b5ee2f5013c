"""Options: a row has the name, the place in the XML and the kind of a value; a table is a group of rows.

The parser, `--disk help`, completion, building, editing, matching and clearing all use the same row.

A numbered part is written `source.host[0-9]*.name` in the name and `./source/host[#]/@name` in the path: `#` is the
number given by the user (counted from 0, 0 if omitted).
"""

from __future__ import annotations

from virtprov.support.errors import UsageError, nearest
from virtprov.support.notation.words import NO, YES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Pair = tuple[str, "str | None"]
"""A sub-option as it was typed: its key, and its value (None for a bare word)."""

NUMBER = "[0-9]*"
MOST = 9999
"""The highest number of a numbered part."""
LONGEST = 40
"""No valid number has more digits."""


class Kind:
    """How a value is written in the XML, and which words a user can give for it.

    `scale` is the number of the XML's units in one of the user's: numbers are multiplied by it.
    """

    __slots__ = ("expects", "name", "scale", "words")

    def __init__(self, name: str, words: tuple[str, str] | None = None, expects: str = "", scale: int = 0) -> None:
        self.name = name
        self.words = words
        self.expects = expects
        self.scale = scale

    def parse(self, text: str, option: str) -> str:
        """Return the value for the XML; raises UsageError naming `option` if it is invalid."""
        if self.words is not None:
            return self.words[0] if truth(text, option) else self.words[1]
        if self.scale:
            if len(text) > LONGEST:
                raise UsageError(
                    f"{option}: '{text[:LONGEST]}...' is too long for a number", hint="check the number of digits"
                )
            try:
                return str(self.scale * (int(text, 16) if text.lower().startswith("0x") else int(text)))
            except ValueError:
                raise UsageError(f"{option}: '{text}' is not a whole number", hint="use only digits") from None
        return text


TEXT = Kind("text", expects="text")
INT = Kind("int", expects="a whole number", scale=1)
MIB = Kind("mib", expects="a size in MiB", scale=1024)
"""Given in MiB, stored in KiB."""
YESNO = Kind("yesno", ("yes", "no"), "yes or no")
ONOFF = Kind("onoff", ("on", "off"), "on or off")
FLAG = Kind("flag", ("yes", ""), "yes or no")
"""An empty element that exists or does not exist."""
VERB = Kind("verb", expects="text")
"""A value without a single place in the XML: a named function handles it."""


def truth(text: str, option: str) -> bool:
    """Parse an on/off word; raises UsageError naming `option` if it is invalid."""
    word = text.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise UsageError(f"{option}: '{text}' is not yes or no", hint="use yes or no (or on or off)")


class Row:
    """One option: name, place in the XML, kind.

    `old` are older names that still work, `values` the values known to libvirt (for help and completion; others are
    accepted unless the row is `closed`), `commas` means that the value may contain commas, `ignored` are values without
    effect (`--sound default`), `hidden` omits the row from the help. `by_type` gives the place for elements with this
    `type` ("" for those without): `path` is for all others, and the place "" means none.
    """

    __slots__ = ("by_type", "closed", "commas", "hidden", "ignored", "kind", "name", "old", "path", "values")

    def __init__(
        self,
        name: str,
        path: str = "",
        kind: Kind = TEXT,
        *,
        old: tuple[str, ...] = (),
        values: tuple[str, ...] = (),
        commas: bool = False,
        closed: bool = False,
        ignored: tuple[str, ...] = (),
        hidden: bool = False,
        by_type: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.kind = kind if path else VERB
        self.old = old
        self.values = values
        self.commas = commas
        self.closed = closed
        self.ignored = ignored
        self.hidden = hidden
        self.by_type = by_type

    def parse(self, text: str, flag: str, numbers: tuple[int, ...] = ()) -> str:
        """Return the value for the XML; raises UsageError if it is invalid. `numbers` are those of the user's key."""
        if not self.closed and self.kind is TEXT:
            return text
        option = f"--{flag} {self.name_for(numbers)}"
        if self.closed and text not in self.values:
            raise UsageError(
                f"{option}: invalid value '{text}'",
                hint=nearest(text, self.values) or "known values: " + ", ".join(self.values),
            )
        return self.kind.parse(text, option)

    def name_for(self, numbers: tuple[int, ...]) -> str:
        """Return the row's name with the user's numbers."""
        name = self.name
        for number in numbers:
            name = name.replace(NUMBER, str(number), 1)
        return name.replace(NUMBER, "0")

    def path_for(self, numbers: tuple[int, ...]) -> str:
        """Return the row's path with the user's numbers."""
        path = self.path
        for number in numbers:
            path = path.replace("[#]", f"[{number + 1}]", 1)
        return path.replace("[#]", "[1]")


class Hit:
    """The row for a key typed by the user, and the numbers in the key; `beyond` if the row is in no table."""

    __slots__ = ("beyond", "numbers", "row")

    def __init__(self, row: Row, numbers: tuple[int, ...], *, beyond: bool = False) -> None:
        self.row = row
        self.numbers = numbers
        self.beyond = beyond


XPATH_ROWS = (
    Row("xpath[0-9]*.set", commas=True),
    Row("xpath[0-9]*.value", commas=True),
    Row("xpath[0-9]*.create", commas=True),
    Row("xpath[0-9]*.delete", commas=True),
)
CLEAR_ROW = Row("clearxml")


class Table:
    """A group of options, such as all sub-options of `--disk`.

    `at` is the element at which the rows' paths start: `./devices/disk` or another element that can be repeated
    (`many`), or `.` for options of the whole guest, whose rows have full paths; `part` is then the element for clearing
    and `--build-xml` ("" if there is none). `first` are the keys for leading values without a key, `expand` converts
    pairs that rows cannot handle to others, `xml` is False for groups without a place in the XML. `whole` is the key
    that takes the whole text, including commas and quotes, unless it starts with another key. `several` splits one use
    of the option into one list of pairs for each element (`--controller usb2`), `none` means that the word `none` alone
    stands for no such device.
    """

    __slots__ = (
        "_exact",
        "_numbered",
        "at",
        "expand",
        "first",
        "flag",
        "many",
        "none",
        "part",
        "rows",
        "several",
        "whole",
        "xml",
    )

    def __init__(
        self,
        flag: str,
        at: str,
        rows: tuple[Row, ...],
        *,
        first: tuple[str, ...] = (),
        whole: str = "",
        part: str = "",
        many: bool = False,
        expand: Callable[[list[Pair]], list[Pair]] | None = None,
        several: Callable[[list[Pair]], list[list[Pair]]] | None = None,
        none: bool = False,
        xml: bool = True,
    ) -> None:
        self.flag = flag
        self.at = at
        self.rows = rows + ((CLEAR_ROW,) if many or part else ()) + (XPATH_ROWS if xml else ())
        self.first = first
        self.whole = whole
        self.part = part
        self.many = many
        self.expand = expand
        self.several = several
        self.none = none
        self.xml = xml
        self._exact: dict[str, Row] | None = None
        self._numbered: dict[str, Row] = {}

    @property
    def is_device(self) -> bool:
        """Whether the group is about devices."""
        return self.at.startswith("./devices/")

    @property
    def tag(self) -> str:
        """The name of the group's element ("" if there is no single one)."""
        where = self.at if self.many else self.part
        return where.rsplit("/", 1)[-1] if where else ""

    def _index(self) -> dict[str, Row]:
        if self._exact is None:
            exact: dict[str, Row] = {}
            for row in self.rows:
                for name in (row.name, *row.old):
                    if NUMBER in name:
                        bare = name.replace(NUMBER, "")
                        exact.setdefault(bare, row)
                        self._numbered[bare] = row
                    else:
                        exact[name] = row
            self._exact = exact
        return self._exact

    def find(self, key: str) -> Hit | None:
        """Return the row for a key, with its numbers; None if there is none."""
        row = self._index().get(key)
        if row is not None:
            return Hit(row, ())
        if not any(letter.isdigit() for letter in key):
            return None
        return self._find_numbered(key)

    def _find_numbered(self, key: str) -> Hit | None:
        parts, numbers = [], []
        for part in key.split("."):
            word = part.rstrip("0123456789")
            parts.append(word)
            numbers.append(_count(part[len(word) :]) if len(word) < len(part) else -1)
        row = self._numbered.get(".".join(parts))
        if row is None:
            return None
        spelled = next(
            name for name in (row.name, *row.old) if NUMBER in name and name.replace(NUMBER, "") == ".".join(parts)
        ).split(".")
        results = []
        for pattern, number in zip(spelled, numbers, strict=True):
            if pattern.endswith(NUMBER):
                results.append(max(number, 0))
            elif number >= 0:
                return None
        return Hit(row, tuple(results))

    def row(self, key: str) -> Hit:
        """Like `find`, but raises UsageError with similar names if there is no such row."""
        hit = self.find(key)
        if hit is None:
            raise UsageError(
                f"--{self.flag} has no sub-option '{key}'",
                hint=nearest(key, self.examples()) or f"`--{self.flag} help` lists all of them",
            )
        if any(number > MOST for number in hit.numbers):
            raise UsageError(f"--{self.flag} {key}: the number is too large", hint=f"the maximum is {MOST}")
        return hit

    def examples(self) -> list[str]:
        """Return every name as it can be typed, the old ones too: numbered parts have the number 0."""
        return [name.replace(NUMBER, "0") for name in self.names(old=True)]

    def names(self, *, old: bool = False) -> Iterable[str]:
        """Return every name in the table, with numbered parts as written in the rows."""
        for row in self.rows:
            yield row.name
            if old:
                yield from row.old


def _count(digits: str) -> int:
    """Return a number in a key; one that is far too high is not parsed."""
    return int(digits) if len(digits) < 10 else MOST + 1


def check_text(text: str, option: str) -> None:
    """Raise UsageError naming `option` if the text contains a character that is not allowed in XML."""
    for letter in text:
        if letter < " " and letter not in "\t\n\r" or "\ud800" <= letter <= "\udfff" or letter in "\ufffe\uffff":
            raise UsageError(
                f"{option}: {text!a} contains a character that is not allowed in XML", hint="omit this character"
            )


def devices_of(table: Table, pairs: list[Pair]) -> list[list[Pair]]:
    """Return a list of pairs for each element that one use of the option creates (usually one)."""
    return [pairs] if table.several is None else table.several(pairs)


def aside(path: str, text: str = "") -> Pair:
    """Return a pair that is written together with another one ("" removes the place); matching ignores it."""
    return "!" + path, text


def remove_all(path: str) -> Pair:
    """Return a pair that removes every element at this place; matching ignores it."""
    return "-" + path, ""


ALIAS = Row("alias.name", "./alias/@name")

ADDRESS = (
    Row("address.type", "./address/@type", values=("pci", "drive", "virtio-serial", "ccid", "usb", "isa", "dimm")),
    Row("address.domain", "./address/@domain", INT),
    Row("address.bus", "./address/@bus", INT),
    Row("address.slot", "./address/@slot", INT),
    Row("address.function", "./address/@function", INT),
    Row("address.multifunction", "./address/@multifunction", ONOFF),
    Row("address.zpci.uid", "./address/zpci/@uid"),
    Row("address.zpci.fid", "./address/zpci/@fid"),
    Row("address.controller", "./address/@controller", INT),
    Row("address.target", "./address/@target", INT),
    Row("address.unit", "./address/@unit", INT),
    Row("address.port", "./address/@port"),
    Row("address.cssid", "./address/@cssid"),
    Row("address.ssid", "./address/@ssid"),
    Row("address.devno", "./address/@devno"),
    Row("address.reg", "./address/@reg"),
    Row("address.iobase", "./address/@iobase"),
    Row("address.irq", "./address/@irq"),
    Row("address.base", "./address/@base"),
)
BOOT = (Row("boot.order", "./boot/@order", INT, old=("boot_order",)), Row("boot.loadparm", "./boot/@loadparm"))
VIRTIO = (
    Row("driver.ats", "./driver/@ats", ONOFF),
    Row("driver.iommu", "./driver/@iommu", ONOFF),
    Row("driver.packed", "./driver/@packed", ONOFF),
    Row("driver.page_per_vq", "./driver/@page_per_vq", ONOFF),
)
DEVICE = (ALIAS, *ADDRESS)
"""Rows of every device."""

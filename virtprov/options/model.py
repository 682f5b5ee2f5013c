"""What an option is: one row says its name, its place in the XML and its kind; a table is a group of rows.

The parser, `--disk help`, completion, building, editing, matching and clearing all read the same row.

A numbered part is written `source.host[0-9]*.name` in the name and `./source/host[#]/@name` in the path: the
number the user gives (counted from 0, 0 when left out) stands for `#`.
"""

from __future__ import annotations

from virtprov.support.errors import UsageError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Pair = tuple[str, "str | None"]
"""A sub-option as it was typed: its key, and its value (None for a bare word)."""

NUMBER = "[0-9]*"
YES = ("yes", "y", "1", "true", "t", "on")
NO = ("no", "n", "0", "false", "f", "off")


class Kind:
    """How a value is spelled in the XML, and which words a user may say for it."""

    __slots__ = ("expects", "name", "words")

    def __init__(self, name: str, words: tuple[str, str] | None = None, expects: str = "") -> None:
        self.name = name
        self.words = words
        self.expects = expects

    def parse(self, text: str, option: str) -> str:
        """The value as the XML wants it; raises UsageError naming `option` when it makes no sense."""
        if self.words is not None:
            return self.words[0] if truth(text, option) else self.words[1]
        if self.name == "int":
            try:
                return str(int(text, 0) if text.lower().startswith("0x") else int(text))
            except ValueError:
                raise UsageError(f"{option}: '{text}' is not a whole number") from None
        return text


TEXT = Kind("text", expects="text")
INT = Kind("int", expects="a whole number")
YESNO = Kind("yesno", ("yes", "no"), "yes or no")
ONOFF = Kind("onoff", ("on", "off"), "on or off")
FLAG = Kind("flag", ("yes", ""), "yes or no")
"""An element that is there, empty, or is not there."""
VERB = Kind("verb", expects="text")
"""A word without one place in the XML: a named function acts on it."""


def truth(text: str, option: str) -> bool:
    """Read an on/off word; raises UsageError naming `option` when it is none."""
    word = text.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise UsageError(f"{option}: '{text}' is neither yes nor no", hint="say yes or no (on and off do as well)")


class Row:
    """One option: name, place in the XML, kind.

    `old` are older spellings that still work, `values` the words libvirt knows (for help and completion;
    others are let through unless the row is `closed`), `commas` says the value may hold commas.
    """

    __slots__ = ("closed", "commas", "kind", "name", "old", "path", "values")

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
    ) -> None:
        self.name = name
        self.path = path
        self.kind = kind if path else VERB
        self.old = old
        self.values = values
        self.commas = commas
        self.closed = closed

    def parse(self, text: str, flag: str) -> str:
        """The value as the XML wants it; raises UsageError when it makes no sense."""
        if self.closed and text not in self.values:
            raise UsageError(
                f"--{flag} {self.name}: '{text}' is not one of its values",
                hint=nearest(text, self.values) or "known values: " + ", ".join(self.values),
            )
        return self.kind.parse(text, f"--{flag} {self.name}")

    def at(self, numbers: tuple[int, ...]) -> str:
        """The row's path with the user's numbers filled in."""
        path = self.path
        for number in numbers:
            path = path.replace("[#]", f"[{number + 1}]", 1)
        return path.replace("[#]", "[1]")


class Hit:
    """A key the user typed, found: its row and the numbers in it."""

    __slots__ = ("numbers", "row")

    def __init__(self, row: Row, numbers: tuple[int, ...]) -> None:
        self.row = row
        self.numbers = numbers


XPATH_ROWS = (
    Row("xpath[0-9]*.set", commas=True),
    Row("xpath[0-9]*.value", commas=True),
    Row("xpath[0-9]*.create", commas=True),
    Row("xpath[0-9]*.delete", commas=True),
)
CLEAR_ROW = Row("clearxml")


class Table:
    """A group of options, such as everything `--disk` takes.

    `at` is the element the rows' paths start from: `./devices/disk` or another repeated element (`many`), or
    `.` for options of the whole guest, whose rows name their full path; `part` then names the one element that
    clearing and `--build-xml` are about ("" when there is none). `first` are the keys that leading bare words
    fill, `expand` turns what rows cannot say into what they can (pairs to pairs, pure), `xml` is False for
    groups that have no place in the XML at all.
    """

    __slots__ = ("_exact", "_numbered", "at", "expand", "first", "flag", "many", "part", "rows", "xml")

    def __init__(
        self,
        flag: str,
        at: str,
        rows: tuple[Row, ...],
        *,
        first: tuple[str, ...] = (),
        part: str = "",
        many: bool = False,
        expand: Callable[[list[Pair]], list[Pair]] | None = None,
        xml: bool = True,
    ) -> None:
        self.flag = flag
        self.at = at
        self.rows = rows + ((CLEAR_ROW, *XPATH_ROWS) if xml else ())
        self.first = first
        self.part = part
        self.many = many
        self.expand = expand
        self.xml = xml
        self._exact: dict[str, Row] | None = None
        self._numbered: dict[str, Row] = {}

    @property
    def is_device(self) -> bool:
        """Whether the group is about devices."""
        return self.at.startswith("./devices/")

    @property
    def tag(self) -> str:
        """The name of the element the group is about ("" when there is no single one)."""
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
        """The row a key means, with its numbers; None when there is none."""
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
            numbers.append(int(part[len(word) :]) if len(word) < len(part) else -1)
        row = self._numbered.get(".".join(parts))
        if row is None:
            return None
        spelled = next(
            name
            for name in (row.name, *row.old)
            if NUMBER in name and name.replace(NUMBER, "") == ".".join(parts)
        ).split(".")
        found = []
        for pattern, number in zip(spelled, numbers, strict=True):
            if pattern.endswith(NUMBER):
                found.append(max(number, 0))
            elif number >= 0:
                return None
        return Hit(row, tuple(found))

    def row(self, key: str) -> Hit:
        """Like `find`, but raises UsageError with the nearest names when there is no such row."""
        hit = self.find(key)
        if hit is None:
            raise UsageError(
                f"--{self.flag} has no option '{key}'",
                hint=nearest(key, self.names(old=True)) or f"`--{self.flag} help` lists all of them",
            )
        return hit

    def names(self, *, old: bool = False) -> Iterable[str]:
        """Every name the table knows, numbered parts as written in the rows."""
        for row in self.rows:
            yield row.name
            if old:
                yield from row.old


ALIAS = Row("alias.name", "./alias/@name")

ADDRESS = (
    Row("address.type", "./address/@type", values=("pci", "drive", "virtio-serial", "ccid", "usb", "isa", "dimm")),
    Row("address.domain", "./address/@domain"),
    Row("address.bus", "./address/@bus"),
    Row("address.slot", "./address/@slot"),
    Row("address.function", "./address/@function"),
    Row("address.multifunction", "./address/@multifunction", ONOFF),
    Row("address.zpci.uid", "./address/zpci/@uid"),
    Row("address.zpci.fid", "./address/zpci/@fid"),
    Row("address.controller", "./address/@controller"),
    Row("address.target", "./address/@target"),
    Row("address.unit", "./address/@unit"),
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
"""Rows that every device has."""

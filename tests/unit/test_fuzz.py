"""What nobody would type: kept inputs and made-up ones end with a result or a refusal in our own words."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tools import fuzz, fuzz_outside

KEPT = sorted(path for path in Path(fuzz.SEEDS).glob("*/*") if path.is_file())
LONG = 1 << 20
quickly = settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True, scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An empty folder, no network, our own profiles; how long something takes is for `tools/fuzz.py` to say."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    nothing = str(tmp_path_factory.mktemp("nothing"))
    with pytest.MonkeyPatch.context() as patch, fuzz.alone():
        patch.setattr(fuzz, "LONGEST", math.inf)
        for layer in ("SYSTEM", "LOCAL", "USER"):
            patch.setenv(f"OSINFO_{layer}_DIR", nothing)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_is_kept(file: Path) -> None:
    assert fuzz.RUN[file.parent.name](file.read_bytes()) in (0, 1, 2, 3)


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_what_is_near_to_it(target: str) -> None:
    luck = Random(target)
    for data in fuzz.seeds(target)[::2]:
        fuzz.RUN[target](fuzz.mutated(target, data, luck))


@quickly
@given(st.sampled_from(sorted(fuzz.LINES)), st.binary(max_size=200))
def test_any_bytes_as_xml(line: str, document: bytes) -> None:
    fuzz.xml(line.encode() + b"\n" + document)


VALUES = st.text(st.characters(exclude_characters="\0"), max_size=60)
NAMES = st.sampled_from(("path", "size", "type", "model", "xpath.set", "xpath0.delete", "address.slot", "clearxml"))
PAIRS = st.lists(st.tuples(NAMES, VALUES).map("=".join), max_size=4).map(",".join)
WAYS = [way for way in fuzz.WAYS if way not in ("install", "clone")]


@quickly
@example("edit", "memory", "9" * 5000)
@example("choose", "disk", "\u00b2")
@given(st.sampled_from(WAYS), st.text("abcdefg-", max_size=8), VALUES | PAIRS)
def test_any_text_as_a_value(way: str, group: str, text: str) -> None:
    fuzz.options(f"{way} {group}\n{text}".encode("utf-8", "surrogatepass"))


def _grown(parts: tuple[str, str, str]) -> str:
    return "".join(parts) + ("]" if parts[1] == "[" else "")


PATHS = st.recursive(
    st.sampled_from(("*", "a", "disk", ".", "@b")),
    lambda inner: st.tuples(inner, st.sampled_from(("/", "//", "|", "[")), inner).map(_grown),
)


@quickly
@given(PATHS)
def test_any_path(where: str) -> None:
    fuzz.options(f"edit xml\n./{where}=1".encode())


@pytest.mark.parametrize("piece", ["9", "a,", '"', "\\", "[", "+a,", "a=1,"])
@pytest.mark.parametrize("group", ["disk", "cpu", "xml", "memory", "boot", "metadata"])
def test_a_value_of_a_megabyte(group: str, piece: str) -> None:
    text = piece * (LONG // 8 // len(piece))
    assert fuzz.options(f"edit {group}\n{text}".encode()) in (0, 2)


DEEP = b"<a>" * 5000 + b"</a>" * 5000
WIDE = b"<domain " + b" ".join(b"a%d='b'" % number for number in range(20000)) + b"/>"
LARGE = b"<domain><title>" + b"9" * LONG + b"</title></domain>"
MEMORY = b"<domain><memory unit='GiB'>" + b"9" * LONG + b"</memory></domain>"
MANY = b"<domain><devices>" + b"<disk><target dev='vda'/></disk>\n" * 2000 + b"</devices></domain>"


@pytest.mark.parametrize("line", ["memory", "disk", "boot", "add", "remove"])
@pytest.mark.parametrize("document", [DEEP, WIDE, LARGE, MEMORY, MANY], ids=["deep", "wide", "large", "memory", "many"])
def test_large_documents(line: str, document: bytes) -> None:
    assert fuzz.xml(line.encode() + b"\n" + document) in (0, 2)


def test_conditions_within_conditions_are_refused() -> None:
    where = "1"
    for _ in range(6):
        where = f"count(//*[{where}])"
    assert fuzz.options(f"edit xml\n./devices[{where}]/@a=1".encode()) == 2


@pytest.mark.parametrize("target", sorted(fuzz_outside.RUN))
def test_what_others_answer(target: str) -> None:
    """A fixed number of inputs near the kept ones: the same ones every time."""
    luck, kept = Random(f"{target} outside"), fuzz.seeds(target)
    for _ in range({"web": 200}.get(target, 2000)):
        fuzz.RUN[target](fuzz.mutated(target, luck.choice(kept), luck))

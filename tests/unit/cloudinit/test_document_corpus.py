"""Every kind of document in tests/data/cloud-init, for each of the systems that its table names."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from virtprov.cloudinit.seed import Seed, build
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.support.errors import InputError

FOLDER = Path(__file__).resolve().parents[2] / "data" / "cloud-init"


class Case(NamedTuple):
    file: str
    system: str
    verdict: str
    words: str


def _cases() -> list[Case]:
    rows = (FOLDER / "expected").read_text(encoding="utf-8").splitlines()
    found = [Case(*(cell.strip() for cell in f"{row} ".split(" |"))) for row in rows if not row.startswith("#")]
    return [case._replace(system="" if case.system == "-" else case.system) for case in found]


CASES = _cases()


def seed(case: Case, *, strict: bool = True) -> Seed:
    role = case.file.split("/", 1)[0].replace("-", "_")
    request = SeedRequest(guest_name="web", instance_id="made-up", system=case.system, strict=strict)
    return build(request._replace(**{role: str(FOLDER / case.file)}))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file} {case.system}")
def test_each_document_is_taken_or_refused_as_its_reader_would(case: Case) -> None:
    if case.verdict == "refused":
        with pytest.raises(InputError) as caught:
            seed(case)
        assert case.words in caught.value.message
        assert case.file in caught.value.message
        return
    warnings = seed(case).warnings
    assert bool(warnings) == (case.verdict == "warned"), warnings
    assert not warnings or any(case.words in warning and case.file in warning for warning in warnings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file} {case.system}")
def test_without_the_check_every_document_is_passed_on_byte_for_byte(case: Case) -> None:
    built = seed(case, strict=False)
    role = case.file.split("/", 1)[0]
    if role != "meta-data" or case.verdict == "refused":
        assert built.documents[role] == (FOLDER / case.file).read_bytes()
    if case.verdict == "refused":
        assert any("passed on as it is" in warning and case.words in warning for warning in built.warnings)


def test_every_document_is_in_the_table() -> None:
    files = {str(file.relative_to(FOLDER)) for file in FOLDER.glob("*/*")}
    assert files == {case.file for case in CASES}


def test_every_verdict_of_every_document_is_there() -> None:
    for role in ("user-data", "vendor-data", "meta-data", "network-config"):
        assert {case.verdict for case in CASES if case.file.startswith(role)} == {"taken", "warned", "refused"}

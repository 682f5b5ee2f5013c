"""Names with wildcards."""

from __future__ import annotations

import pytest

from virtprov.support.notation.pattern import is_pattern, means


@pytest.mark.parametrize("word", ["web*", "?", "node[12]"])
def test_words_that_mean_several(word: str) -> None:
    assert is_pattern(word)


def test_a_plain_name_is_no_pattern() -> None:
    assert not is_pattern("web-1") and not means("web", "web")


def test_what_a_pattern_means() -> None:
    assert means("web*", "web1") and means("node[12]", "node2")
    assert not means("web*", "Web1") and not means("node[12]", "node3")

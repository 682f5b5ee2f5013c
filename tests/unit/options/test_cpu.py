"""--cpu."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError

Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("host-passthrough", '<cpu mode="host-passthrough"/>'),
        ("host-model", '<cpu mode="host-model"/>'),
        ("maximum", '<cpu mode="maximum"/>'),
        ("host", '<cpu mode="host-model"/>'),
        ("Penryn", '<cpu mode="custom" match="exact"><model>Penryn</model></cpu>'),
        ("Penryn,match=strict", '<cpu mode="custom" match="strict"><model>Penryn</model></cpu>'),
        ("mode=custom,model=foo", '<cpu mode="custom" match="exact"><model>foo</model></cpu>'),
        ("model.fallback=allow", '<cpu><model fallback="allow"/></cpu>'),
        ("cell.cpus=1,2,3,cell.memory=1024", '<cpu><numa><cell cpus="1,2,3" memory="1024"/></numa></cpu>'),
        ("numa.cell2.id=7", '<cpu><numa><cell id="7"/></numa></cpu>'),
        ("cell1.id=1,cell0.id=0", '<cpu><numa><cell id="0"/><cell id="1"/></numa></cpu>'),
        ("topology.sockets=2,topology.threads=1", '<cpu><topology sockets="2" threads="1"/></cpu>'),
        ("maxphysaddr.mode=emulate,maxphysaddr.bits=46", '<cpu><maxphysaddr mode="emulate" bits="46"/></cpu>'),
        (
            "numa.interconnects.latency1.value=10,numa.interconnects.latency0.value=5",
            '<cpu><numa><interconnects><latency value="5"/><latency value="10"/></interconnects></numa></cpu>',
        ),
    ],
)
def test_documents(built: Callable[[str, str], str], text: str, xml: str) -> None:
    assert built("cpu", text) == xml


def test_every_feature_word_counts_and_policies_keep_their_order(say: Say) -> None:
    said = say("cpu", "foo,+a,force=b,-c,disable=d,optional=e,require=f,forbid=g,+h,require=i")
    features = [(place.path.split("'")[1], place.text) for place in said.places if "feature" in place.path]
    assert features == [
        ("b", "force"),
        ("a", "force"),
        ("h", "force"),
        ("f", "require"),
        ("i", "require"),
        ("e", "optional"),
        ("d", "disable"),
        ("c", "disable"),
        ("g", "forbid"),
    ]


def test_a_feature_may_come_first_and_is_no_model(built: Callable[[str, str], str]) -> None:
    assert built("cpu", "+x2apic") == '<cpu><feature name="x2apic" policy="force"/></cpu>'


def test_an_existing_feature_changes_its_policy(part: Callable[..., str]) -> None:
    base = '<domain><cpu><model>m</model><feature name="a" policy="require"/></cpu></domain>'
    assert part("cpu", "./cpu", "disable=a,+b", base=base) == (
        '<cpu><model>m</model><feature name="a" policy="disable"/><feature name="b" policy="force"/></cpu>'
    )


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("host-passthrough", '<cpu mode="host-passthrough" match="exact"><topology cores="2"/></cpu>'),
        (
            "maximum,+c",
            '<cpu mode="maximum" match="exact"><topology cores="2"/><feature name="c" policy="force"/></cpu>',
        ),
        ("host-passthrough,clearxml=yes", '<cpu mode="host-passthrough"/>'),
    ],
)
def test_a_mode_takes_model_and_features_out(part: Callable[..., str], text: str, xml: str) -> None:
    base = (
        '<domain><cpu mode="custom" match="exact" check="none"><model fallback="allow">m</model><vendor>V</vendor>'
        '<topology cores="2"/><feature name="a" policy="require"/><feature name="b" policy="disable"/></cpu></domain>'
    )
    assert part("cpu", "./cpu", text, base=base) == xml


def test_a_mode_said_by_its_key_keeps_the_model(part: Callable[..., str]) -> None:
    base = '<domain><cpu mode="custom"><model>m</model></cpu></domain>'
    assert part("cpu", "./cpu", "mode=host-model", base=base) == '<cpu mode="host-model"><model>m</model></cpu>'


def test_free_paths_start_at_the_cpu(part: Callable[..., str], built: Callable[[str, str], str]) -> None:
    base = '<domain><cpu><numa><cell id="0"/></numa><model>m</model></cpu></domain>'
    text = "xpath0.set=./@mode=custom,xpath1.delete=./numa"
    assert part("cpu", "./cpu", text, base=base) == '<cpu mode="custom"><model>m</model></cpu>'
    assert part("cpu", ".", "xpath.delete=./numa", base="<domain/>") == "<domain/>"
    assert built("cpu", "xpath.set=./@mode=custom") == '<cpu mode="custom"/>'


@pytest.mark.parametrize("word", ["none", "clear", "hv-default"])
def test_words_for_no_cpu_take_it_out(part: Callable[..., str], say: Say, word: str) -> None:
    base = '<domain><cpu mode="custom"><model>m</model><vendor>Intel</vendor></cpu></domain>'
    assert part("cpu", "./cpu", word, base=base) == ""
    assert say("cpu", word).verbs == {"preset": "none"}


@pytest.mark.parametrize("word", ["default", "host-model-only", "host-copy"])
def test_words_for_the_rules_write_nothing(part: Callable[..., str], say: Say, word: str) -> None:
    base = '<domain><cpu mode="custom"><model>m</model></cpu></domain>'
    assert part("cpu", "./cpu", word, base=base) == '<cpu mode="custom"><model>m</model></cpu>'
    assert say("cpu", word).verbs == {"preset": word}


def test_secure_is_a_switch(say: Say) -> None:
    assert say("cpu", "qemu64,secure=off").verbs == {"secure": "no"}
    with pytest.raises(UsageError, match="is not yes or no"):
        say("cpu", "qemu64,secure=perhaps")


@pytest.mark.parametrize("text", ["foo,bar", "force=", "topology.cores=many", "modle=x"])
def test_refusals(say: Say, text: str) -> None:
    with pytest.raises(UsageError):
        say("cpu", text)

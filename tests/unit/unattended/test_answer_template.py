"""The language of templates."""

from __future__ import annotations

import pytest

from virtprov.support.errors import InputError
from virtprov.unattended.answer_template import Template, fill, quoting

VALUES: dict[str, str | tuple[str, ...]] = {"name": "it's", "none": "", "list": ("a", "b c"), "empty": ()}


def filled(text: str, file: str = "preseed.txt") -> str:
    return fill(Template("'mine'", text, quoting(file)), VALUES)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("x {{name}}", "x it's\n"),
        ("x {{none}} y", ""),
        ("x {{none|optional}} y", "x  y\n"),
        ("x {{list}}", "x a\nx b c\n"),
        ("x {{list|joined}} {{name}}", "x a b c it's\n"),
        ("x {{empty}}", ""),
        ("{{list}} {{list}}", "a a\nb c b c\n"),
        ("{{if name}}\nyes\n{{end}}\n{{if not name}}\nno\n{{end}}", "yes\n"),
        ("{{if none}}\n{{if name}}\na\n{{end}}\nb\n{{end}}\nc", "c\n"),
        ("{{if list}}\n{{if not none}}\na\n{{end}}\n{{end}}", "a\n"),
    ],
)
def test_what_a_template_gives(text: str, result: str) -> None:
    assert filled(text) == result


@pytest.mark.parametrize(
    ("file", "result"),
    [
        ("kickstart.txt", "'it'\"'\"'s'"),
        ("agama.json", '"it\'s"'),
        ("autoyast.xml", "it's"),
        ("autoinstall.txt", '"it\'s"'),
        ("preseed.txt", "it's"),
    ],
)
def test_values_are_quoted_as_the_file_wants_it(file: str, result: str) -> None:
    assert filled("{{name}}", file) == f"{result}\n"
    assert filled("{{name|plain}}", file) == "it's\n"


def test_no_value_leaves_its_xml_element() -> None:
    template = Template("'mine'", "<a>{{name}}</a>", quoting("autoyast.xml"))
    assert fill(template, {"name": '</a><b x="&'}) == "<a>&lt;/a&gt;&lt;b x=&quot;&amp;</a>\n"


def test_json_has_no_comma_too_many() -> None:
    assert filled('{\n "a": {{name}},\n "b": {{none}}\n}', "agama.json") == '{\n "a": "it\'s"\n}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n{{nam}}", "line 2: unknown variable 'nam'"),
        ("{{if none}}\n{{nosuch}}\n{{end}}", "line 2: unknown variable 'nosuch'"),
        ("{{if nosuch}}\n{{end}}", "unknown variable 'nosuch'"),
        ("\n{{if name}}\na", "line 2: '{{if}}' without '{{end}}'"),
        ("{{end}}", "'{{end}}' without '{{if}}'"),
        ("{{ name }}", "'{{' without the name"),
        ("{{name", "'{{' without the name"),
    ],
)
def test_a_slip_is_named_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        filled(text)
    assert caught.value.message.startswith("'mine', line ") and words in caught.value.message and caught.value.hint

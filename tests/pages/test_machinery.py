"""How console blocks are read, run and compared."""

from __future__ import annotations

import pytest

from tests.pages import blocks
from tests.pages.plain import plain, show
from tests.pages.shell import Shell, settle

PAGE = """\
Words.

```console
$ echo one \\
    two
one two
$ cat <<EOF
text
EOF
text
```

```sh
not run
```

```console
$ false
```
"""


def test_commands_are_read_with_their_lines_and_outputs() -> None:
    assert blocks.commands(PAGE) == [
        (4, "echo one \\\n    two", ("one two",)),
        (7, "cat <<EOF\ntext\nEOF", ("text",)),
        (18, "false", ()),
    ]


def test_a_block_without_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2"):
        blocks.commands("```console\nwords\n```\n")


def test_new_outputs_replace_the_old_ones() -> None:
    new = blocks.rewrite(PAGE, {4: ["a", "b"], 18: ["c"]})
    assert [command.shown for command in blocks.commands(new)] == [("a", "b"), ("text",), ("c",)]
    assert new.startswith("Words.\n\n```console\n$ echo one \\\n    two\na\nb\n$ cat") and new.endswith("c\n```\n")


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["a", "...", "d"], ["a", "b", "c"], False),
        (["..."], [], True),
        ([], ["a"], False),
    ],
)
def test_dots_stand_for_any_lines(shown: list[str], said: list[str], same: bool) -> None:
    assert blocks.matches(shown, said) is same


def test_a_shell_keeps_its_folder_and_its_variables(shell: Shell) -> None:
    assert shell.run("cd /usr; word=it\\'s").rc == 0
    assert shell.run("pwd; echo $word; test -t 1; (exit 3)")[:2] == (3, "/usr\nit's\n")


def test_a_command_that_hangs_is_ended(shell: Shell) -> None:
    with pytest.raises(TimeoutError, match="not done"):
        shell.run("echo begun; exec sleep 100", deadline=0.5)


def test_progress_that_was_written_over_is_gone() -> None:
    assert settle("a\r10 %\x1b[K\r100 %\x1b[K\r\x1b[Kdone\nnext") == "done\nnext"
    assert settle("abc\rd") == "dbc"
    assert settle("\x1b[31mab\x1b[0mc\rd") == "db\x1b[0mc"


def test_colours_are_kept_beside_the_text(shell: Shell) -> None:
    said = shell.run(r"printf 'a\033[31mb\033[0m\n'")
    assert (said.text, said.coloured) == ("ab\n", "a\x1b[31mb\x1b[0m\n")


def test_what_a_busy_machine_adds_is_no_difference() -> None:
    said = "one\nWaiting for qemu:///system to look for the guest 'web' ...\nWaiting for test:///default ...\ntwo\n"
    assert show(said, {}) == ["one", "two"]


def test_what_varies_is_replaced() -> None:
    lines = show("took 1.5 s at 192.168.122.7, 52:54:00:0a:0b:0c\n/srv/x/web.qcow2\n", {"/srv/x": "/home/you"})
    assert lines[1] == "/home/you/web.qcow2"
    assert plain(lines) == ["took SECONDS at ADDRESS, MAC", "/home/you/web.qcow2"]
    assert plain(["memory 4096"]) != plain(["memory 2048"])

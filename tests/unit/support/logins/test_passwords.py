"""The SHA-512 crypt of our own, beside the test vectors of its specification."""

from __future__ import annotations

import pytest

from virtprov.support.logins import passwords

LONG = "a very much longer text to encrypt.  This one even stretches over morethan one line."
# (salt, rounds, password, hash): the vectors printed in the specification's reference code
VECTORS = [
    (
        "saltstring",
        0,
        "Hello world!",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ),
    (
        "saltstringsaltstring",
        10000,
        "Hello world!",
        "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/"
        "YTBmSK6H9qs/y3RnOaw5v.",
    ),
    (
        "toolongsaltstring",
        5000,
        "This is just a test",
        "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/"
        "e1JSbq3y6JMxxl8audkUEm0",
    ),
    (
        "anotherlongsaltstring",
        1400,
        LONG,
        "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbt"
        "EW7o7UmJEiDwGqd8p4ur1",
    ),
    (
        "short",
        77777,
        "we have a short salt string but not a short password",
        "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0",
    ),
    (
        "roundstoolow",
        10,
        "the minimum number is still observed",
        "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0"
        "dqbpBYYBaHHrsX.",
    ),
]


def matches(password: str, known: str) -> bool:
    """Whether the password gives this hash, with the salt that it names."""
    return passwords.hash_password(password, salt=known.split("$")[2]) == known


@pytest.mark.parametrize(("salt", "rounds", "password", "known"), VECTORS, ids=lambda value: str(value)[:12])
def test_published_vectors(salt: str, rounds: int, password: str, known: str) -> None:
    assert passwords.hash_password(password, salt=salt, rounds=rounds) == known
    assert passwords.hash_password(password + ".", salt=salt, rounds=rounds) != known


def test_a_random_salt_makes_every_hash_another() -> None:
    first, second = passwords.hash_password("x"), passwords.hash_password("x")
    assert first != second
    assert matches("x", first)
    assert matches("x", second)
    assert first.startswith("$6$")
    assert len(first.split("$")[2]) == 16


def test_passwords_that_are_empty_or_not_ascii() -> None:
    assert matches("", passwords.hash_password(""))
    assert matches("pässwörd", passwords.hash_password("pässwörd"))


@pytest.mark.parametrize(
    ("text", "is_hash"),
    [
        (VECTORS[0][3], True),
        (VECTORS[1][3], True),
        ("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", True),
        ("$2b$05$Ohv7UXrmXnmBlhNKlhVkPOzVIuBWcHMnYEe8FvxsM3zVdRbWcJpuO", True),
        ("password", False),
        ("$6$salt$short", False),
        ("a$6$salt$" + "x" * 86, False),
        ("$99$salt$" + "x" * 86, False),
        ("$6$salt$" + "x" * 21, False),
        ("$1$salt$" + "x" * 22, True),
        ("$6$salt$" + "x" * 22 + " not a hash", False),
        ("$6$sa lt$" + "x" * 22, False),
        ("$6$sa'lt$" + "x" * 22, False),
        ("$6$salt$" + "é" * 22, False),
        ("$6$sa:lt$" + "x" * 22, False),
    ],
)
def test_what_is_a_hash(text: str, is_hash: bool) -> None:
    assert passwords.is_hash(text) is is_hash


def test_a_salt_cannot_break_out() -> None:
    with pytest.raises(ValueError, match="salt"):
        passwords.hash_password("x", salt="a$b")


def test_generated_passwords() -> None:
    made = {passwords.generate() for _ in range(200)}
    assert len(made) == 200
    assert {len(word) for word in made} == {16}
    letters = set("".join(made))
    assert letters <= set(passwords.LETTERS)
    assert not letters & set("0O1Il")

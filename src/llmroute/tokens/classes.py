"""What a text is made of, counted in one pass: characters by class, and where classes change.

Classes are told apart by the first byte of a character's UTF-8 form. A tokenizer's estimate is
these numbers times its weights, so that one count of a text serves every tokenizer.
"""

from __future__ import annotations

ASCII_CLASSES = 6
"""Small letters, capitals, digits, spaces, line ends and tabs, marks."""

# Then Latin beyond ASCII, Greek, Cyrillic, Hebrew and Armenian, Arabic, Indic and Thai, other Asian
# (and Vietnamese), symbols, kana, Han, Hangul, wide forms, emoji.
FIRST_BYTES = (0xC2, 0xCD, 0xD0, 0xD4, 0xD8, 0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xEA, 0xEE, 0xF0)

LOWER, UPPER, DIGIT, SPACE, END, MARK = range(ASCII_CLASSES)

# Pairs of neighbors: tokens end where letters and digits change, as they do all the time in Base64,
# hexadecimal numbers and identifiers, and where numbers have points.
CAMEL = bytes([LOWER, UPPER])
BESIDE_DIGITS = (
    (bytes([LOWER, DIGIT]), bytes([DIGIT, LOWER])),
    (bytes([UPPER, DIGIT]), bytes([DIGIT, UPPER])),
    (bytes([DIGIT, MARK]), bytes([MARK, DIGIT])),
)
NO_DIGITS = [0] * len(BESIDE_DIGITS)


def _class_of(byte: int) -> int:
    """Number the class that a byte begins; 255 for a byte that begins no character."""
    if byte >= FIRST_BYTES[0]:
        return ASCII_CLASSES - 1 + sum(byte >= first for first in FIRST_BYTES)
    if byte >= 0x80:  # noqa: PLR2004 - beyond ASCII
        return 255
    character = chr(byte)
    tests = (character.islower(), character.isupper(), character.isdigit(), character == " ")
    known = [index for index, test in enumerate(tests) if test]
    return known[0] if known else END if character in "\n\r\t" else MARK


CLASSES = bytes(_class_of(byte) for byte in range(256))
MARKS = tuple(bytes([index]) for index in range(ASCII_CLASSES + len(FIRST_BYTES)))
ASCII_MARKS, OTHER_MARKS = MARKS[:ASCII_CLASSES], MARKS[ASCII_CLASSES:]


def class_counts(text: str) -> list[int]:
    """Count the ASCII classes, the pairs, and the other classes if there are any.

    It takes about 1 ns a byte and class.
    """
    count = text.encode("utf-8", "replace").translate(CLASSES).count
    numbers = [*map(count, ASCII_MARKS)]
    numbers.append(count(CAMEL))
    if numbers[DIGIT]:
        numbers += [count(before) + count(after) for before, after in BESIDE_DIGITS]
    else:
        numbers += NO_DIGITS
    return numbers if text.isascii() else [*numbers, *map(count, OTHER_MARKS)]


NUMBERS = ASCII_CLASSES + 1 + len(BESIDE_DIGITS) + len(FIRST_BYTES)
"""How many numbers a count has, at most."""

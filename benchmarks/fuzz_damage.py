"""Damage to JSON, to streams of events, to lines and to bytes, drawn from a seeded generator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

LINE_ENDS = (b"\r\n", b"\r", b"\n\r\n", b"\n\n", b"\r\r")
BYTES = (
    *(b"", b"\0", b"\r", b"\n", b"\n\n", b"\xef\xbb\xbf", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"),
    *(b"\xf0\x9f", b'"', b"\\", b"{", b"}", b"[" * 3000, b"9" * 5000, b"\\ud800", b": ", b"data: "),
)
COMMENTS = (b": ping\n\n", b": x\n", b"id: 7\n", b"retry: " + b"9" * 5000 + b"\n", b"data\n", b"\n")
MANY = 400
"""How often a piece is repeated, at most; a long one is not."""
LONG = 2000


class Pool(NamedTuple):
    """What is put into JSON: values, and the names of fields."""

    values: Sequence[object]
    names: Sequence[str]


def damaged(chance: Random, node: object, pool: Pool, depth: int = 0) -> object:
    """Change one place of a JSON value: other, a field more or less, wrapped, or repeated."""
    if not _descends(chance, node, depth):
        return _edited(chance, node, pool)
    if isinstance(node, dict):
        fields = dict(cast("dict[str, object]", node))
        name = chance.choice(list(fields))
        fields[name] = damaged(chance, fields[name], pool, depth + 1)
        return fields
    items = list(cast("list[object]", node))
    at = chance.randrange(len(items))
    items[at] = damaged(chance, items[at], pool, depth + 1)
    return items


def _descends(chance: Random, node: object, depth: int) -> bool:
    return (
        isinstance(node, dict | list)
        and node not in ({}, [])
        and chance.random() < 0.9 - depth / 20
    )


def _edited(chance: Random, node: object, pool: Pool) -> object:
    match chance.randrange(8):
        case 0:
            return chance.choice(([node], {chance.choice(pool.names): node}))
        case 2 if isinstance(node, str) and len(node) < LONG:
            return node * chance.randrange(MANY)
        case 3 | 4 if isinstance(node, dict) and node:
            fields = dict(cast("dict[str, object]", node))
            value = fields.pop(chance.choice(list(fields)))
            return fields | ({chance.choice(pool.names): value} if chance.random() < 0.5 else {})
        case 5 | 6 if isinstance(node, dict):
            fields = cast("dict[str, object]", node)
            return {**fields, chance.choice(pool.names): chance.choice(pool.values)}
        case 5 | 6 if isinstance(node, list) and node:
            items = cast("list[object]", node)
            return [*items, chance.choice([*items, *pool.values])]
        case _:
            return chance.choice(pool.values)


def damaged_stream(chance: Random, data: bytes, pool: Pool) -> bytes:
    """A stream whose events are changed, lost, said twice, moved, or written in other lines."""
    events = data.split(b"\n\n")
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(events))
        match chance.randrange(8):
            case 0 if len(events) > 1:
                del events[at]
            case 1:
                events[at:at] = [events[at]] * chance.choice(
                    [1, 1, 1, LONG // (len(events[at]) + 1)]
                )
            case 2:
                events.append(events.pop(at))
            case 3:
                events[at] = chance.choice(COMMENTS) + events[at]
            case 4:
                events[at] = b"\ndata: ".join(events[at].split(b",", chance.randrange(3)))
            case _:
                events[at] = _changed(chance, events[at], pool)
    data = b"\n\n".join(events)
    if chance.random() < 0.2:
        data = data.replace(b"\n", chance.choice(LINE_ENDS), chance.choice([-1, 1, 5]))
    return data


def _changed(chance: Random, event: bytes, pool: Pool) -> bytes:
    head, found, body = event.partition(b"data: ")
    try:
        value: object = json.loads(body)
    except ValueError:
        return head
    return head + found + json.dumps(damaged(chance, value, pool)).encode()


def torn(chance: Random, data: bytes, pieces: Sequence[bytes] = BYTES) -> bytes:
    """Bytes of which some are lost, repeated, moved or changed, or the end cut off."""
    torn_data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = chance.randrange(len(torn_data) + 1)
        end = min(len(torn_data), at + chance.choice([0, 1, 1, 3, 20]))
        match chance.randrange(6):
            case 0:
                torn_data[at:end] = chance.randbytes(end - at)
            case 1:
                torn_data[at:end] = b""
            case 2:
                torn_data[at:at] = torn_data[at:end] * chance.choice([1, 1, MANY])
            case 3:
                del torn_data[at:]
            case _:
                torn_data[at:end] = chance.choice(pieces)
    return bytes(torn_data)


def split(chance: Random, data: bytes) -> list[bytes]:
    """Cut bytes as a network might: in a few pieces, or in pieces of equal length."""
    if chance.random() < 0.2:
        size = chance.choice([1, 2, 3, 7, 64]) if len(data) < 4000 else 1000
        return [data[at : at + size] for at in range(0, len(data), size)]
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(1, 7)))
    return [data[one:other] for one, other in zip([0, *cuts], [*cuts, len(data)], strict=True)]

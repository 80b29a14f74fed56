"""How an input is spoilt by a seeded dice: values of another kind, parts gone or doubled, bytes cut or flipped."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from typing import Any

Dice = random.Random


JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf"), "", " ", "x", "²", "\ud800", "\x00", "\u202e"),
    *([], {}, [None], ["x"], [[]], [{}], {"a": 1}, {"id": None}, {"": ""}, {"$secret": {"kind": ["a"]}}, {"properties": "x"}),
    *("0.0.0.0/0", "::/0", "10.0.0.0/99", "1-", "99999", "*", "true", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00+14:00"),
    *("/subscriptions/", "/subscriptions//providers/", "//", "/providers/x", "https://[", "https://x:99999999/", "%zz", "@(", "[("),
    *("x;Shared Access Signature=se=1&sig=", "Password=;", "a,password=", "jdbc:x://", "Identity:Password:RequiredLength"),
)  # fmt: skip


DEEP: Any = "x"
for _ in range(120):
    DEEP = {"a": [DEEP]}


def spoilt(value: Any, dice: Dice, share: float) -> Any:
    """A copy in which a share of the parts is junk, gone, doubled, wrapped or of another kind."""
    if dice.random() < share:
        return _changed(value, dice)
    if isinstance(value, Mapping):
        return {
            (key if dice.random() > share / 4 else str(dice.choice(JUNK))): spoilt(inner, dice, share)
            for key, inner in value.items()
            if dice.random() > share / 4
        }
    return [spoilt(inner, dice, share) for inner in value] if isinstance(value, list) else value


def members_spoilt(body: Mapping[str, Any], dice: Dice, share: float) -> dict[str, Any]:
    """A body that stays one, with its members spoilt."""
    return {key: spoilt(inner, dice, share) for key, inner in body.items()}


def _changed(value: Any, dice: Dice) -> Any:
    match dice.randrange(10):
        case 0:
            return [value]
        case 1:
            return {"a": value}
        case 2:
            return str(value)
        case 3:
            return [value, value, value]
        case 4 if isinstance(value, list) and value:
            return value[0]
        case 4 if isinstance(value, str):
            return value * dice.choice((2, 500))
        case 5:
            return copy.deepcopy(DEEP)
        case _:
            return dice.choice(JUNK)


def torn(data: bytes, dice: Dice) -> bytes:
    """Bytes cut, flipped, doubled or with something else in them."""
    at, to = sorted((dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)))
    match dice.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[to:] if to - at < 2000 else data[:at]
        case 2:
            return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        case 3:
            sign = dice.choice(
                (b"[" * 3000, b"{" * 50, b'"', b"\x00", b"\xff\xfe", b"9" * 5000, b"&a [*a]", b"\n", b"'", b": ", b"- ")
            )
            return data[:at] + sign + data[at:]
        case 4:
            return b"\xef\xbb\xbf" + data
        case _:
            return data[:at] + data[at:to][:200] * 20 + data[to:]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, default=str).encode()

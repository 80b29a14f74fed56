"""What the command line's library says of a wrong option or command, in plain words and with what was likely meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperGroup

_UsageError: Any = typer.BadParameter.__mro__[1]  # typer keeps this class to itself
_CHOICES = re.compile(r"'((?:[^'\\]|\\.)*)' is not one of (.+?)\.?$")
_PLAIN = (
    (re.compile(r"^Value error, "), ""),
    (re.compile(r"^Input should be a valid integer.*"), "it has to be a whole number"),
    (re.compile(r"^Input should be a valid number.*"), "it has to be a number"),
    (re.compile(r"^Input should be a valid boolean.*"), "it has to be true or false"),
    (re.compile(r"^Input should be greater than or equal to (\S+)"), r"it has to be \1 or more"),
    (re.compile(r"^Input should be less than or equal to (\S+)"), r"it has to be \1 or less"),
    (re.compile(r"^Input should be greater than (\S+)"), r"it has to be more than \1"),
    (re.compile(r"^Input should be less than (\S+)"), r"it has to be less than \1"),
)


class PlainGroup(TyperGroup):
    """A group of commands whose mistakes are told in plain words."""

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """See `TyperGroup.make_context`."""
        with _reworded():
            return super().make_context(*arguments, **settings)

    def invoke(self, context: Any) -> Any:
        """See `TyperGroup.invoke`."""
        with _reworded():
            return super().invoke(context)


@contextmanager
def _reworded() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        if hasattr(error, "possibilities"):
            error.message = _no_such_option(error)
            error.possibilities = None
        else:
            error.message = plain_words(error.message)
        raise


def plain_words(message: str) -> str:
    """A message about a value, without the words of the library that looked at it."""
    for pattern, words in _PLAIN:
        message = pattern.sub(words, message)
    if found := _CHOICES.search(message):
        given, names = found[1], re.findall(r"'([^']*)'", found[2])
        near = _near(given, names)
        hint = f" Did you mean {near}?" if near else ""
        message = f"{given!r} is not one of {', '.join(names)}.{hint}"
    return message


def _no_such_option(error: Any) -> str:
    known = [name for option in error.ctx.command.params for name in option.opts if name.startswith("-")]
    near = _near(error.option_name, known)
    return f"There is no option {error.option_name}." + (f" Did you mean {near}?" if near else "")


def _near(word: str, names: list[str]) -> str:
    """The name that a word begins or is nearly; "" where that is none or several."""
    begun = [name for name in names if len(word.strip("-")) > 1 and name.lower().startswith(word.lower())]
    if len(begun) == 1:
        return begun[0]
    return next(iter(get_close_matches(word.lower(), names, 1, 0.7)), "")

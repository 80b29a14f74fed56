"""Expressions as trees, the same for ARM templates, Bicep and Terraform."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, truth value or null."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """What a language calls by its bare name: a parameter, a variable, a resource."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """`value.name` or `value['name']` or `value[0]`."""

    value: Expression
    key: Expression
    is_safe: bool = False
    """Whether a member that is missing counts as null: `value.?name`."""


@dataclass(frozen=True, slots=True)
class Array:
    """A list that is written out."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """An object that is written out, keys with their values in order."""

    members: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Lambda:
    """A function that is written out: `x => x.name`."""

    names: tuple[str, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Loop:
    """One value for each element: `[for x in xs: ...]`."""

    over: Expression
    each: Lambda
    """Of the element and, with two names, its index."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """What is not followed, with the reason in words."""

    reason: str


Expression = Literal | Name | Call | Member | Array | Object | Lambda | Loop | Opaque

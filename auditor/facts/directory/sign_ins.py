"""Which sign-ins no policy guards, all policies taken together.

A policy leaves people, applications, places and more out; another may take them in. So for each kind of sign-in the
policies are looked at together. Kinds are the values that policies name, alone and in pairs: an excluded group with a
policy of its own is guarded, an excluded group whose own policy leaves an application out is open there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import and_

from auditor.facts.directory.policy_conditions import AXES, GUEST_TYPES, Good, Policy, SignIn


@dataclass(frozen=True, slots=True)
class Question:
    """Which sign-ins must be guarded, and by what."""

    base: SignIn
    """The usual sign-in."""
    good: Good
    axes: tuple[str, ...] = ()
    """Fields in which policies may leave somebody or something out."""
    guests: bool = True
    """Whether guests count."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A kind of sign-in that no policy guards: what it has beside the usual."""

    values: Mapping[str, str]
    """By field; empty for the usual sign-in itself."""


class SignIns:
    """The policies that are enforced, asked one question after another.

    One bit stands for each policy. A policy guards a sign-in where all its conditions are met, and each condition looks
    at one field; so what a value of one field is worth is worked out once, for all questions.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._enforced = [policy for policy in policies if policy.enabled]
        self._masks: dict[tuple[str, str, str], int] = {}
        self._named = {field: self._left_out(field) for field in AXES}

    def holes(self, question: Question) -> list[Hole]:
        """The smallest descriptions of what is open; one without values says that everything is."""
        base = question.base
        able = self._able(question)
        usual = {field: self._mask(field, base) for field in AXES}
        if not able & _all(usual.values()):
            return [Hole({})]
        found: list[Hole] = []
        groups: dict[str, dict[int, str]] = {}
        for field in question.axes:
            rest = able & _all(mask for name, mask in usual.items() if name != field)
            groups[field] = {}
            for one in self._values(field, question):
                mask = self._mask(field, base.where(**{field: one}))
                if mask & rest:
                    groups[field].setdefault(mask, one)  # those of one mask are alike in every pair
                else:
                    found.append(Hole({field: one}))
        for first, second in combinations(question.axes, 2):
            rest = able & _all(mask for name, mask in usual.items() if name not in (first, second))
            for mask, one in groups[first].items():
                both = mask & rest
                found += [
                    Hole({first: one, second: other}) for others, other in groups[second].items() if not both & others
                ]
        return found

    def _able(self, question: Question) -> int:
        """Policies that ask enough, whoever signs in, for what and from where."""
        return sum(
            1 << number
            for number, policy in enumerate(self._enforced)
            if policy.asks(question.good)
            and not policy.misses_otherwise(question.base)
            and (bool(policy.risks) or not question.base.risk)
        )

    def _mask(self, field: str, sign_in: SignIn) -> int:
        """Policies that take a sign-in in, as far as one field goes."""
        key = (field, str(getattr(sign_in, field)), sign_in.action)
        if key not in self._masks:
            self._masks[key] = sum(1 << n for n, policy in enumerate(self._enforced) if policy.takes(field, sign_in))
        return self._masks[key]

    def _values(self, field: str, question: Question) -> list[str]:
        """What policies leave out in one field, beside what the question is about."""
        own = getattr(question.base, field)
        found: Iterable[str] = self._named[field]
        if field == "user":
            found = _spread(found, question)
        return [one for one in found if one != own]

    def _left_out(self, field: str) -> list[str]:
        named: dict[str, None] = {}
        for policy in self._enforced:
            named |= dict.fromkeys(sorted(policy.leaves_out(field)))
        return list(named)


def _all(masks: Iterable[int]) -> int:
    return reduce(and_, masks)


def _spread(named: Iterable[str], question: Question) -> Iterator[str]:
    """Users as sign-ins have them; all guests are those of each kind."""
    guests = dict.fromkeys(f"guest:{kind.lower()}" for kind in GUEST_TYPES) if question.guests else {}
    found = dict.fromkeys(one for one in named if not one.startswith("guest"))
    return iter({**guests, **found})

"""What a request meets on its way through the inbound sections of the policies that apply to it.

Only the narrowest policy runs; `<base />` is the place where the next broader one is put in, and a fragment is put in
where it is included: https://learn.microsoft.com/azure/api-management/api-management-howto-policies. What stands after
an answer is never reached, and what stands in a branch is met only by requests that take it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.facts.api.checks import Check, Kind, check_of
from auditor.facts.api.policy_text import plain
from auditor.inventory.model import Gap

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ANSWERS = frozenset(("return-response", "mock-response"))
_SEQUENCES = frozenset(("limit-concurrency", "retry", "wait"))
# A browser sends no token with a preflight, so the check of all other requests is the whole check.
_NOT_PREFLIGHT = re.compile(r"@\(\s*context\.Request\.Method\s*!=\s*\"OPTIONS\"\s*\)", re.I)
_CERTIFICATE = re.compile(r"context\.Request\.Certificate\b")
_OF_CALLER = re.compile(r"Authorization|AsJwt|AsBasic|Request\.Headers|context\.Variables|context\.User\b", re.I)
_REFUSALS = frozenset(("401", "403"))


@dataclass(frozen=True, slots=True)
class Document:
    """One policy: where it is written, and its tree."""

    key: str
    """Key of the policy, or of its scope where there is none; equal keys are equal documents."""
    place: str
    """In words: `the policy of the API orders`."""
    root: Element | None = None
    """None where the scope has no policy, or none that could be read."""
    gap: Gap | None = None
    """Why it could not be read."""

    @property
    def inbound(self) -> Sequence[Element]:
        """The elements of the section `inbound`."""
        found = self.root.find("inbound") if self.root is not None else None
        return list(found) if found is not None else []

    @property
    def has_base(self) -> bool:
        """Whether broader policies apply: the scope has no policy of its own, or its policy puts them in."""
        return self.root is None or any(element.tag == "base" for one in self.inbound for element in one.iter())


@dataclass(frozen=True, slots=True)
class Flow:
    """What a request meets."""

    always: tuple[Check, ...] = ()
    sometimes: tuple[Check, ...] = ()
    """Checks that only requests of some kind meet."""
    ends: bool = False
    """Whether the gateway itself has answered, so that nothing after it is reached."""

    @property
    def guarded(self) -> bool:
        """Whether every request that gets on was checked."""
        return self.ends or any(check.strong for check in self.always)


@dataclass(frozen=True, slots=True)
class Library:
    """What policies refer to by name."""

    fragments: Mapping[str, Document] = field(default_factory=dict)
    """By lower-cased name."""
    fragments_gap: Gap | None = None
    """Why a fragment that is not here may exist all the same."""
    named: Mapping[str, str] = field(default_factory=dict)
    """Named values that are no secrets, by lower-cased name."""


def flow_through(chain: Sequence[Document], library: Library) -> Flow:
    """What a request meets in the policies of its scopes, the narrowest first."""
    return _Walk(chain, library).document(0)


class _Walk:
    def __init__(self, chain: Sequence[Document], library: Library) -> None:
        self._chain = chain
        self._library = library
        # What is put in many times is walked once.
        self._documents: dict[int, Flow] = {}
        self._fragments: dict[str, Flow] = {}
        self._in_fragment = False

    def document(self, index: int) -> Flow:
        if index not in self._documents:
            self._documents[index] = self._read(index)
        return self._documents[index]

    def _read(self, index: int) -> Flow:
        if index == len(self._chain):
            return Flow()
        document = self._chain[index]
        if document.gap is not None:
            return Flow(always=(Check(Kind.UNSEEN, "a policy that was not read", document.place, gap=document.gap),))
        if document.root is None:
            return self.document(index + 1)
        return self._steps(document.inbound, index, document.place)

    def _steps(self, elements: Iterable[Element], index: int, place: str) -> Flow:
        always: dict[Check, None] = {}
        sometimes: dict[Check, None] = {}
        for element in elements:
            flow = self._step(element, index, place)
            always |= dict.fromkeys(flow.always)
            sometimes |= dict.fromkeys(flow.sometimes)
            if flow.ends:
                return Flow(tuple(always), tuple(sometimes), ends=True)
        return Flow(tuple(always), tuple(sometimes))

    def _step(self, element: Element, index: int, place: str) -> Flow:
        if check := check_of(element, place, self._library.named):
            return Flow(always=(check,))
        # A fragment holds neither of these: https://learn.microsoft.com/azure/api-management/policy-fragments
        if element.tag == "base" and not self._in_fragment:
            return self.document(index + 1)
        if element.tag == "include-fragment" and not self._in_fragment:
            return self._fragment(plain(element.get("fragment-id")).lower(), index)
        if element.tag == "choose":
            return self._choose(element, index, place)
        if element.tag in _SEQUENCES:
            return self._steps(element, index, place)
        return Flow(ends=element.tag in _ANSWERS)

    def _fragment(self, name: str, index: int) -> Flow:
        if name not in self._fragments:
            self._in_fragment = True
            self._fragments[name] = self._walked(name, index)
            self._in_fragment = False
        return self._fragments[name]

    def _walked(self, name: str, index: int) -> Flow:
        found = self._library.fragments.get(name)
        gap = found.gap if found else self._library.fragments_gap
        if gap is not None:
            return Flow(always=(Check(Kind.UNSEEN, "a fragment that was not read", f"the fragment {name}", gap=gap),))
        if found is None or found.root is None:
            return Flow()
        return self._steps(found.root, index, found.place)

    def _choose(self, element: Element, index: int, place: str) -> Flow:
        branches = [(branch, self._steps(branch, index, place)) for branch in element]
        own = tuple(_own_check(branch, place) for branch, flow in branches if flow.ends and _refuses(branch))
        live = [flow for _, flow in branches if not flow.ends]
        certain = any(branch.tag == "otherwise" for branch, _ in branches)
        preflight = len(branches) == 1 and _NOT_PREFLIGHT.fullmatch(plain(branches[0][0].get("condition")))
        if not certain and not preflight:
            live.append(Flow())
        if not live:
            return Flow(always=_of(flow.always for _, flow in branches), ends=True)
        told = tuple(check for check in own if check is not None)
        checks = _of(flow.always + flow.sometimes for flow in live)
        if all(flow.guarded for flow in live):
            return Flow(always=(*told, *checks))
        return Flow(always=told, sometimes=checks)


def _of(groups: Iterable[Iterable[Check]]) -> tuple[Check, ...]:
    return tuple(dict.fromkeys(check for group in groups for check in group))


def _refuses(branch: Element) -> bool:
    codes = (status.get("code") for status in branch.iter("set-status"))
    return not _REFUSALS.isdisjoint(str(code) for code in codes)


def _own_check(branch: Element, place: str) -> Check | None:
    """What a branch that refuses requests checks, by its condition."""
    condition = plain(branch.get("condition"))
    if _CERTIFICATE.search(condition):
        return Check(Kind.CERTIFICATE, "a condition on the client certificate", place)
    if _OF_CALLER.search(condition):
        return Check(Kind.OWN, "a condition of its own", place)
    return None


def elements_of(document: Document) -> Iterator[Element]:
    """Every element of a policy, in the order they are written."""
    if document.root is not None:
        yield from document.root.iter()

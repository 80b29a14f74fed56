"""What a format is asked for and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.iac.place import Place
from auditor.report.meanings import DEFAULT_MEANINGS


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How a report is rendered. A format takes from it what concerns it."""

    width: int = 100
    """Columns of the table."""
    colour: bool = False
    """Whether the table may use colours and bold."""
    hyperlinks: bool = False
    """Whether the table may hold OSC 8 links."""
    group_by: str = "rule"
    """How findings are grouped: `rule`, `resource`, `subscription`, `topic`, a meaning of tags such as `owner`, or
    `tag:<name>`."""
    include_passed: bool = False
    """Whether passed and not applicable results are listed, where the report holds them."""
    verbose: bool = False
    """Whether long lists are shown in full."""
    portal: str = "https://portal.azure.com"
    """Origin of the cloud's portal, for links to resources."""
    uri_prefix: str = "azure"
    """Folder, relative to the repository, below which SARIF places resources that no file declares."""
    category: str = ""
    """Code-scanning category in place of the one made from the scan's scope."""
    max_bytes: int = 1_000_000
    """Size of a Markdown report; a GitHub step summary takes 1 MiB, a pull-request comment 65,536 characters."""
    upload_bytes: int = 10_000_000
    """What a SARIF file may weigh after gzip; GitHub's limit:
    https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning"""
    meanings: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: DEFAULT_MEANINGS)
    """Which tags say whose a resource is, of which environment, and what class its data has."""
    locations: Mapping[str, Place] = field(default_factory=dict)
    """Where results are shown, by fingerprint or by lower-cased resource id; the fingerprint wins."""
    calls: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    """Module calls that lead to the places of results, the outermost first, by fingerprint."""
    openers: Mapping[str, tuple[tuple[str, Place], ...]] = field(default_factory=dict)
    """Names and places of other resources that decided a result, by fingerprint: the rule that opens a door."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished report."""

    whole: str | bytes | Callable[[], Iterator[bytes]]
    """The report, or what makes its pieces anew each time: of a large tenant the whole takes gigabytes."""
    notices: tuple[str, ...] = ()
    """What the user must be told on stderr: limits of the format that bit."""

    @property
    def data(self) -> str | bytes:
        """The whole report."""
        return b"".join(self.whole()) if callable(self.whole) else self.whole

    def pieces(self) -> Iterator[bytes]:
        """The report's bytes in order, a piece after the other."""
        if callable(self.whole):
            yield from self.whole()
        else:
            yield self.whole if isinstance(self.whole, bytes) else self.whole.encode("utf-8", "replace")

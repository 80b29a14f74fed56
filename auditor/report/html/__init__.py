"""HTML: one file that needs no network, works with tens of thousands of findings, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from auditor.evaluate.model import Outcome, Report
from auditor.report.encoding import encode
from auditor.report.html.data import document
from auditor.report.html.leaders import leaders
from auditor.report.model import Rendered, RenderOptions
from auditor.report.text import ASSUMED_COMPLETE, count, plain, subscriptions_counted
from auditor.rules.model import Rule, Severity

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jinja2 import Template

_SCRIPTS = (
    "elements.js",
    "data.js",
    "address.js",
    "tabs.js",
    "grid.js",
    "filters.js",
    "csv.js",
    "chosen.js",
    "findings.js",
    "detail.js",
    "trend.js",
    "overview.js",
    "compliance.js",
    "rules.js",
    "pictures.js",
    "print.js",
    "summary.js",
    "main.js",
)
_STYLES = ("page.css", "findings.css", "pictures.css", "print.css", "summary.css")
_TABS = (
    ("overview", "Overview"),
    ("summary", "Summary"),
    ("findings", "Findings"),
    ("pictures", "Pictures"),
    ("compliance", "Compliance"),
    ("rules", "Rules"),
    ("gaps", "Not read"),
)
# With scripts off: the summary and the pictures, without what needs a script.
_PLAIN_STYLE = "nav, .tools, #overview { display: none; } :is(#pictures, #summary) { display: block !important; }"
_COMPRESS_FROM = 400_000
_TOP = 20


def render(report: Report, options: RenderOptions) -> Rendered:
    """The report as one HTML page."""
    folder = files("auditor.report.html")
    template = _template(folder, "page.html.j2")
    style = "\n".join(_read(folder, f"style/{name}") for name in _STYLES)
    page = template.render(**_values(report, options, style, _script(folder)))
    return Rendered(page.encode())


def static_page(name: str, **values: Any) -> str:
    """A page of a template beside this file in the report's style, without scripts."""
    from markupsafe import Markup

    folder = files("auditor.report.html")
    style = _read(folder, "style/page.css")
    if dark := re.search(r':root\[data-theme="dark"\] (\{.*?\})', style, re.DOTALL):
        # There is no button without a script: what the reader's system says decides.
        style += f"@media (prefers-color-scheme: dark) {{ :root {dark[1]} }}\n"
    policy = f"default-src 'none'; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    return _template(folder, name).render(style=Markup(style), policy=policy, **values)  # noqa: S704 - our own files


def _template(folder: Traversable, name: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(plain=plain, count=count)
    return environment.from_string(_read(folder, name))


def _values(report: Report, options: RenderOptions, style: str, script: str) -> dict[str, Any]:
    from markupsafe import Markup

    from auditor.report.drawing.svg import svg

    data, encoding = _embed(encode(document(report, options), pretty=False))
    return {
        "report": report,
        "assumed_complete": ASSUMED_COMPLETE,
        "severities": list(Severity),
        "tabs": _TABS,
        "subscriptions": subscriptions_counted(report.scan),
        "leaders": leaders(report, options.meanings),
        "top": _mend_first(report),
        "pictures": [(picture, Markup(svg(picture)) if picture.nodes else "") for picture in report.pictures],  # noqa: S704 - escaped
        "style": Markup(style),  # noqa: S704 - our own files
        "plain_style": Markup(_PLAIN_STYLE),  # noqa: S704 - our own text
        "script": Markup(script),  # noqa: S704 - our own files
        "policy": _policy((style, _PLAIN_STYLE), script),
        "data": Markup(data),  # noqa: S704 - JSON without `<`, or base64
        "encoding": encoding,
    }


def _mend_first(report: Report) -> list[tuple[Rule, int]]:
    """Rules with findings, the most severe and then the most frequent first."""
    counted = [(rule, report.tallies.get(rule.id, {}).get(Outcome.FAIL, 0)) for rule in report.rules]
    failed = [(rule, findings) for rule, findings in counted if findings]
    return sorted(failed, key=lambda pair: (pair[0].severity.rank, -pair[1], pair[0].id))[:_TOP]


def _embed(data: bytes) -> tuple[str, str]:
    """The data as text that cannot end its script element, and how it is encoded."""
    if len(data) < _COMPRESS_FROM:
        return data.decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"), "json"
    import gzip

    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode(), "gzip"


def _policy(styles: tuple[str, ...], script: str) -> str:
    """A content security policy that allows this page's own styles and script, and nothing from anywhere else."""
    hashes = " ".join(_hash(style) for style in styles)
    return f"default-src 'none'; style-src {hashes}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _script(folder: Traversable) -> str:
    parts = "\n".join(_read(folder, f"script/{name}") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _read(folder: Traversable, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")

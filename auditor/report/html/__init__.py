"""HTML: one file that needs no network, works with tens of thousands of findings, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from auditor.evaluate.model import Report
from auditor.report.encoding import encode
from auditor.report.html.data import document
from auditor.report.model import Rendered, RenderOptions
from auditor.rules.model import Severity

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SCRIPTS = ("elements.js", "data.js", "grid.js", "findings.js", "detail.js", "views.js", "main.js")
_COMPRESS_FROM = 400_000


def render(report: Report, options: RenderOptions) -> Rendered:
    """The report as one HTML page."""
    from jinja2 import Environment, StrictUndefined

    folder = files("auditor.report.html")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_read(folder, "page.html.j2"))
    page = template.render(**_values(report, options, _read(folder, "page.css"), _script(folder)))
    return Rendered(page.encode())


def _values(report: Report, options: RenderOptions, style: str, script: str) -> dict[str, Any]:
    from markupsafe import Markup

    data, encoding = _embed(encode(document(report, options), pretty=False))
    return {
        "report": report,
        "severities": list(Severity),
        "style": Markup(style),  # noqa: S704 - our own files
        "script": Markup(script),  # noqa: S704 - our own files
        "policy": _policy(style, script),
        "data": Markup(data),  # noqa: S704 - JSON without `<`, or base64
        "encoding": encoding,
    }


def _embed(data: bytes) -> tuple[str, str]:
    """The data as text that cannot end its script element, and how it is encoded."""
    if len(data) < _COMPRESS_FROM:
        return data.decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"), "json"
    import gzip

    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode(), "gzip"


def _policy(style: str, script: str) -> str:
    """A content security policy that allows this page's own style and script, and nothing from anywhere else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _script(folder: Traversable) -> str:
    parts = "\n".join(_read(folder, f"script/{name}") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _read(folder: Traversable, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")

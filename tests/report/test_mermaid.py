"""Pictures as Mermaid text."""

from __future__ import annotations

import pytest

from auditor.evaluate.model import Edge, Node, Picture
from auditor.report.mermaid import escaped, render_mermaid
from auditor.rules.model import Severity


def picture(label: str = "vm-web", title: str = "What the internet reaches") -> Picture:
    nodes = (
        Node("internet", "internet", "internet"),
        Node("/subscriptions/s/vm", label, "machine", "nic-web", Severity.HIGH),
    )
    edges = (
        Edge("internet", "/subscriptions/s/vm", "tcp 22"),
        Edge("internet", "/subscriptions/s/vm", "udp 53", broken=True),
    )
    return Picture("exposure", title, "One machine.", nodes, edges)


def test_nodes_edges_and_severities():
    assert render_mermaid(picture()).splitlines() == [
        "---",
        'title: "What the internet reaches"',
        "---",
        "flowchart LR",
        "  %% One machine.",
        '  n0(["internet"])',
        '  n1[["vm-web<br/>nic-web"]]',
        '  n0 -->|"tcp 22"| n1',
        '  n0 -.-x|"udp 53"| n1',
        "  classDef high fill:#fbe3d2,stroke:#ca5010,stroke-width:2px",
        "  class n1 high",
    ]


@pytest.mark.parametrize(
    "name", ['"]; click n0 "javascript:x"', "a\n  n9 --> n0", "<img src=x onerror=x>", "#quot;", "%%{init: {}}%%"]
)
def test_no_name_changes_the_graph(name: str) -> None:
    hostile, honest = render_mermaid(picture(name)), render_mermaid(picture("x"))

    assert len(hostile.splitlines()) == len(honest.splitlines())
    assert hostile.replace(escaped(name), "x") == honest
    assert not set('"<>\n;%') & set(escaped(name).replace("#", "").replace(";", ""))


def test_a_title_stays_in_its_quotes() -> None:
    assert render_mermaid(picture(title='a"\n---\nx')).splitlines()[1] == 'title: "a\\" --- x"'


def test_a_name_that_is_empty_is_a_blank_label() -> None:
    assert 'n1[["#32;<br/>nic-web"]]' in render_mermaid(picture(""))

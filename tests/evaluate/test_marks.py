"""The worst finding on each node of a picture."""

from __future__ import annotations

from dataclasses import replace

from auditor.evaluate.model import Node, Outcome, Picture, Result, Subject, fingerprint
from auditor.pictures.marks import marked
from auditor.rules.model import Severity


def test_a_node_shows_the_worst_finding_on_it_or_below_it(rule):
    vault = "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/kv"
    machine = Node("/vm", "vm", "machine", parts=("/nic-1", "/nic-2"))
    picture = Picture("p", "P", "", (Node(vault, "kv", "key-vault"), Node(f"{vault}/keys/k", "k", "key"), machine), ())

    def result(severity: Severity, where: str, outcome: Outcome = Outcome.FAIL) -> Result:
        judged = replace(rule(), severity=severity)
        return Result(judged, outcome, Subject(where, "t", "n"), "", fingerprint(judged.id, where))

    found = marked(
        [picture],
        [
            result(Severity.LOW, vault.upper()),
            result(Severity.MEDIUM, f"{vault}/secrets/s"),
            result(Severity.CRITICAL, vault, Outcome.EXEMPT),
            result(Severity.HIGH, f"{vault}/keys/k"),
            result(Severity.HIGH, "/NIC-2"),
        ],
    )

    assert [node.severity for node in found[0].nodes] == [Severity.MEDIUM, Severity.HIGH, Severity.HIGH]

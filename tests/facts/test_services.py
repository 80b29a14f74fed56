"""What a range of ports means."""

from __future__ import annotations

from collections import Counter

import pytest

from auditor.facts.network.services import SERVICES, meaning


@pytest.mark.parametrize(
    ("protocol", "first", "last", "services", "kinds"),
    [
        ("tcp", 22, 22, ["SSH"], ["ssh"]),
        ("tcp", 23, 24, ["Telnet"], ["remote-administration"]),
        ("tcp", 443, 443, ["HTTPS"], ["web-tls"]),
        ("tcp", 444, 444, [], []),
        ("tcp", 6379, 6443, ["Redis", "Kubernetes API"], ["database", "container-control"]),
        ("udp", 22, 22, [], []),
        ("udp", 53, 53, ["DNS"], ["udp-reflection"]),
        ("tcp", 53, 53, [], []),
        ("udp", 11211, 11211, ["Memcached"], ["udp-reflection"]),
        ("tcp", 11211, 11211, ["Memcached"], ["database"]),
        ("icmp", 0, 65535, [], []),
    ],
)
def test_a_range_means_the_services_in_it(protocol, first, last, services, kinds):
    found = meaning(protocol, first, last)

    assert (list(found.services), list(found.kinds)) == (services, kinds)


def test_a_broad_range_is_one_kind_and_the_two_that_are_always_told():
    assert meaning("tcp", 0, 65535).kinds == ("broad", "ssh", "rdp")
    assert {"SSH", "Redis", "Docker"} <= set(meaning("tcp", 0, 65535).services)
    assert meaning("tcp", 5000, 5000 + 1023).kinds == ("broad",)
    assert "broad" not in meaning("tcp", 5000, 5000 + 1022).kinds


def test_media_over_udp_is_not_broad():
    assert meaning("udp", 50000, 60000).kinds == ()
    assert meaning("udp", 0, 65535).kinds == ("udp-reflection",)


def test_a_port_belongs_to_one_service_a_protocol():
    ports = Counter((protocol, port) for s in SERVICES for protocol in ("tcp", "udp") for port in getattr(s, protocol))

    assert [port for port, count in ports.items() if count > 1] == []

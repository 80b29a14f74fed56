"""Which well-known services a range of ports can lead to, and what kind of danger each is when the internet reaches it.

Ports are where the service listens by default:
https://www.iana.org/assignments/service-names-port-numbers/service-names-port-numbers.xhtml, and for those that are
not registered (Docker, kubelet, etcd, Elasticsearch, ...) the product's own documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from auditor.facts.network.addresses import Interval
from auditor.inventory.model import Json

BROAD = 1024
"""A range of at least this many TCP ports is an opening of its own kind: nobody meant every service in it."""

_ALWAYS_TOLD = ("ssh", "rdp", "udp-reflection")


@dataclass(frozen=True, slots=True)
class Service:
    """One service that is known by its ports."""

    name: str
    kind: str
    """What an open port of it means; each kind has a rule with a remedy of its own."""
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()


def _kind(kind: str, tcp: Mapping[str, tuple[int, ...]]) -> tuple[Service, ...]:
    return tuple(Service(name, kind, ports) for name, ports in tcp.items())


_UDP: Mapping[str, tuple[int, ...]] = {
    # Services that answer more than they are asked: https://www.cisa.gov/news-events/alerts/2014/01/17/udp-based-amplification-attacks
    "CharGEN": (19,),
    "DNS": (53,),
    "TFTP": (69,),
    "Portmap": (111,),
    "NTP": (123,),
    "NetBIOS": (137,),
    "SNMP": (161,),
    "CLDAP": (389,),
    "RIP": (520,),
    "SQL Server Browser": (1434,),
    "SSDP": (1900,),
    "WS-Discovery": (3702,),
    "mDNS": (5353,),
    "Memcached": (11211,),
}

SERVICES = (
    Service("SSH", "ssh", (22,)),
    Service("RDP", "rdp", (3389,)),
    *_kind(
        "remote-administration",
        {"Telnet": (23,), "RPC": (135,), "NetBIOS": (139,), "SMB": (445,), "WinRM": (5985, 5986)},
    ),
    *_kind(
        "remote-desktop",
        {
            "rexec": (512,),
            "rlogin": (513,),
            "rsh": (514,),
            "pcAnywhere": (5631,),
            "VNC": (5800, 5900, 5901, 5902, 5903),
            "X11": (6000, 6001, 6002, 6003),
        },
    ),
    *_kind(
        "database",
        {
            "SQL Server": (1433,),
            "Oracle": (1521, 2483, 2484),
            "MySQL": (3306, 33060),
            "PostgreSQL": (5432,),
            "CouchDB": (5984,),
            "Redis": (6379, 6380),
            "Cassandra": (7000, 9042, 9160),
            "Neo4j": (7474, 7687),
            "InfluxDB": (8086,),
            "Elasticsearch": (9200, 9300),
            "Memcached": (11211,),
            "CockroachDB": (26257,),
            "MongoDB": (27017, 27018, 27019),
            "RethinkDB": (28015,),
            "Db2": (50000,),
        },
    ),
    *_kind(
        "container-control",
        {
            "Docker": (2375, 2376, 2377),
            "etcd": (2379, 2380),
            "Kubernetes API": (6443,),
            "kubelet": (10250, 10255),
        },
    ),
    *_kind(
        "file-transfer",
        {"FTP": (20, 21), "Portmap": (111,), "AFP": (548,), "rsync": (873,), "NFS": (2049,), "iSCSI": (3260,)},
    ),
    *_kind(
        "message-broker",
        {
            "MQTT": (1883,),
            "ZooKeeper": (2181,),
            "NATS": (4222,),
            "Erlang port mapper": (4369,),
            "AMQP": (5672,),
            "Kafka": (9092, 9093),
            "RabbitMQ management": (15672,),
            "RabbitMQ cluster": (25672,),
            "ActiveMQ": (61616,),
        },
    ),
    *_kind(
        "data-platform",
        {
            "Spark": (7077,),
            "HDFS": (8020, 9870, 50070),
            "YARN": (8032, 8088),
            "Ray": (8265,),
            "Jupyter": (8888,),
            "Hive": (10000,),
            "HBase": (16000, 16010),
        },
    ),
    *_kind(
        "directory",
        {"Kerberos": (88, 464), "LDAP": (389, 636), "Global catalog": (3268, 3269), "AD web services": (9389,)},
    ),
    *_kind("mail", {"SMTP": (25,), "POP3": (110,), "IMAP": (143,)}),
    *_kind(
        "management-console",
        {
            "Salt": (4505, 4506),
            "Nomad": (4646,),
            "Kibana": (5601,),
            "Proxmox": (8006,),
            "Splunk": (8089,),
            "Vault": (8200,),
            "Consul": (8500,),
            "Prometheus": (9090,),
            "Node exporter": (9100,),
            "Portainer": (9443,),
            "Zabbix agent": (10050,),
        },
    ),
    *_kind(
        "debugger",
        {
            "Java RMI": (1099,),
            "Delve": (2345,),
            "Visual Studio": (4022, 4024, 4026),
            "JDWP": (5005,),
            "Android Debug Bridge": (5555,),
            "Node.js inspector": (9229,),
        },
    ),
    *_kind(
        "industrial",
        {
            "S7": (102,),
            "Modbus": (502,),
            "Niagara Fox": (1911,),
            "OPC UA": (4840,),
            "DNP3": (20000,),
            "EtherNet/IP": (44818,),
        },
    ),
    Service("BACnet", "industrial", udp=(47808,)),
    *_kind("web", {"HTTP": (80, 8080)}),
    *_kind("web-tls", {"HTTPS": (443, 8443)}),
    *(Service(name, "udp-reflection", udp=ports) for name, ports in _UDP.items()),
)
"""Every service this module knows, one kind each."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a range of ports opens."""

    services: tuple[str, ...]
    """Names of services with a port in it, in the table's order."""
    kinds: tuple[str, ...]
    """Their kinds, in the table's order; of a broad range only `ssh`, `rdp` and `udp-reflection`, before them `broad`
    where it is of TCP, so that one opening is not told as a dozen."""


@lru_cache(maxsize=4096)
def meaning(protocol: str, first_port: int, last_port: int) -> Meaning:
    """What the ports from `first_port` to `last_port` of `tcp` or `udp` open; nothing for other protocols."""
    found = [service for service in SERVICES if _listens(service, protocol, first_port, last_port)]
    kinds = dict.fromkeys(service.kind for service in found)
    if last_port - first_port + 1 >= BROAD:
        told = [kind for kind in kinds if kind in _ALWAYS_TOLD]
        # Media streams take wide ranges of UDP ports on purpose.
        kinds = dict.fromkeys(["broad", *told] if protocol == "tcp" else told)
    return Meaning(tuple(dict.fromkeys(service.name for service in found)), tuple(kinds))


def described(protocol: str, ports: Interval) -> dict[str, Json]:
    """The same as fields of a fact: `services` and `kinds`."""
    found = meaning(protocol, *ports)
    return {"services": list(found.services), "kinds": list(found.kinds)}


def _listens(service: Service, protocol: str, first_port: int, last_port: int) -> bool:
    ports = {"tcp": service.tcp, "udp": service.udp}.get(protocol, ())
    return any(first_port <= port <= last_port for port in ports)

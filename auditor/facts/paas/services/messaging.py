"""Messages, events and devices."""

from __future__ import annotations

from auditor.facts.paas.model import Action, Bypass, Filter, RangeList, Service, Switch
from auditor.facts.paas.rights_and_lists import notification_hubs
from auditor.facts.paas.special import iot_hub, ordered_filter, signalr

_TEMPLATES = "https://learn.microsoft.com/azure/templates"
_UNENFORCED = "While no rule is listed everything is let in, even with the default action Deny."


def _namespace(name: str, kind: str, source: str, unruled: tuple[str, ...] = ()) -> Service:
    return Service(
        name,
        kind,
        source,
        filter=Filter.DEFAULT_ACTION,
        action=Action("properties.defaultAction", needs_rules=True),
        holder="networkRuleSets",
        unruled_tiers=unruled,
        lists=(RangeList("properties.ipRules", "ipMask", "action"),),
        subnets="properties.virtualNetworkRules",
        bypass=Bypass("properties.trustedServiceAccessEnabled", "true", "false"),
        note=_UNENFORCED + (f" {' and '.join(unruled)} namespaces have no rules." if unruled else ""),
    )


def _grid(name: str, kind: str) -> Service:
    return Service(
        name,
        kind,
        "https://learn.microsoft.com/azure/event-grid/configure-firewall",
        filter=Filter.EMPTY_OPENS,
        lists=(RangeList("properties.inboundIpRules", "ipMask", "action"),),
    )


def _realtime(name: str, kind: str, source: str) -> Service:
    return Service(
        name,
        kind,
        source,
        special=signalr,
        reads=(
            "properties.networkACLs.defaultAction",
            "properties.networkACLs.publicNetwork",
            "properties.networkACLs.ipRules",
        ),
        note="Open as soon as one kind of request may come over the public network.",
    )


SERVICES = (
    _namespace(
        "Service Bus",
        "Microsoft.ServiceBus/namespaces",
        "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-ip-filtering",
        ("Basic", "Standard"),
    ),
    _namespace(
        "Event Hubs",
        "Microsoft.EventHub/namespaces",
        "https://learn.microsoft.com/azure/event-hubs/event-hubs-ip-filtering",
        ("Basic",),
    ),
    _namespace(
        "Relay",
        "Microsoft.Relay/namespaces",
        "https://learn.microsoft.com/azure/azure-relay/ip-firewall-virtual-networks",
    ),
    Service(
        "Notification Hubs",
        "Microsoft.NotificationHubs/namespaces",
        f"{_TEMPLATES}/microsoft.notificationhubs/namespaces",
        special=notification_hubs,
        reads=("properties.networkAcls.publicNetworkRule.rights", "properties.networkAcls.ipRules"),
        documented=False,
        note="Rules give rights: to everybody, or to addresses.",
    ),
    _grid("Event Grid topic", "Microsoft.EventGrid/topics"),
    _grid("Event Grid domain", "Microsoft.EventGrid/domains"),
    _grid("Event Grid namespace", "Microsoft.EventGrid/namespaces"),
    _grid("Event Grid partner namespace", "Microsoft.EventGrid/partnerNamespaces"),
    _realtime(
        "SignalR",
        "Microsoft.SignalRService/signalR",
        "https://learn.microsoft.com/azure/azure-signalr/howto-network-access-control",
    ),
    _realtime(
        "Web PubSub",
        "Microsoft.SignalRService/webPubSub",
        "https://learn.microsoft.com/azure/azure-web-pubsub/howto-secure-network-access-control",
    ),
    Service(
        "IoT Hub",
        "Microsoft.Devices/IotHubs",
        "https://learn.microsoft.com/azure/iot-hub/iot-hub-ip-filtering",
        filter=Filter.DEFAULT_ACTION,
        action=Action("properties.networkRuleSets.defaultAction", "Deny"),
        lists=(RangeList("properties.networkRuleSets.ipRules", "ipMask", "action", "filterName"),),
        special=iot_hub,
        reads=("properties.ipFilterRules",),
        note="Without network rule sets the older ordered filter rules count; what they do not name is accepted.",
    ),
    Service(
        "IoT Hub device provisioning",
        "Microsoft.Devices/provisioningServices",
        "https://learn.microsoft.com/azure/iot-dps/iot-dps-ip-filtering",
        special=ordered_filter,
        reads=("properties.ipFilterRules",),
        note="Ordered rules; what they do not name is accepted.",
    ),
    Service(
        "IoT Central",
        "Microsoft.IoTCentral/iotApps",
        f"{_TEMPLATES}/microsoft.iotcentral/iotapps",
        filter=Filter.DEFAULT_ACTION,
        action=Action("properties.networkRuleSets.defaultAction"),
        lists=(RangeList("properties.networkRuleSets.ipRules", "ipMask", "", "filterName"),),
        documented=False,
    ),
    Service(
        "Device Update",
        "Microsoft.DeviceUpdate/accounts",
        f"{_TEMPLATES}/microsoft.deviceupdate/accounts",
        switches=(Switch(),),
        documented=False,
    ),
    Service(
        "Digital Twins",
        "Microsoft.DigitalTwins/digitalTwinsInstances",
        f"{_TEMPLATES}/microsoft.digitaltwins/digitaltwinsinstances",
        documented=False,
    ),
)

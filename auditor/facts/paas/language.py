"""The version of the language that an app runs on, and until when its makers mend it.

A fact of the configuration `web` of an app or slot, where it names a version that the table below has:

    {"name": "Python 3.8", "supported_until": "2024-10-07", "ended": true, "decided_by": ["properties.linuxFxVersion"]}

App Service and Functions follow the makers: after that day an app runs on, without mended holes
(https://learn.microsoft.com/azure/app-service/language-support-policy,
https://learn.microsoft.com/azure/azure-functions/language-support-policy). Node.js on Windows is chosen by an app
setting and by nothing that a Reader sees; containers bring what they like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from auditor.facts.network.bodies import text, value
from auditor.facts.registry import FactFamily
from auditor.facts.sign_in.built_in import CONFIGS, SITES
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread


@dataclass(frozen=True, slots=True)
class Language:
    """A language and the last day of support of its versions."""

    name: str
    source: str
    until: Mapping[str, str]
    """By version as apps name it, `3.8` or `18`: an ISO date."""


_DOTNET = Language(
    ".NET",
    # .NET 9 was extended to the end of .NET 8.
    "https://learn.microsoft.com/azure/azure-functions/supported-languages",
    {
        "2.1": "2021-08-21",
        "3.1": "2022-12-13",
        "5.0": "2022-05-10",
        "6.0": "2024-11-12",
        "7.0": "2024-05-14",
        "8.0": "2026-11-10",
        "9.0": "2026-11-10",
        "10.0": "2028-11-14",
    },
)
_NODE = Language(
    "Node.js",
    "https://github.com/nodejs/release#end-of-life-releases",
    {
        "8": "2019-12-31",
        "10": "2021-04-30",
        "12": "2022-04-30",
        "14": "2023-04-30",
        "16": "2023-09-11",
        "18": "2025-04-30",
        "20": "2026-04-30",
        "22": "2027-04-30",
        "24": "2028-04-30",
    },
)
_PYTHON = Language(
    "Python",
    "https://devguide.python.org/versions/",
    {
        "2.7": "2020-01-01",
        "3.6": "2021-12-23",
        "3.7": "2023-06-27",
        "3.8": "2024-10-07",
        "3.9": "2025-10-31",
        "3.10": "2026-10-31",
        "3.11": "2027-10-31",
        "3.12": "2028-10-31",
        "3.13": "2029-10-31",
    },
)
_PHP = Language(
    "PHP",
    "https://www.php.net/supported-versions.php",
    {
        "5.6": "2018-12-31",
        "7.2": "2020-11-30",
        "7.3": "2021-12-06",
        "7.4": "2022-11-28",
        "8.0": "2023-11-26",
        "8.1": "2025-12-31",
        "8.2": "2026-12-31",
        "8.3": "2027-12-31",
        "8.4": "2028-12-31",
    },
)
_POWERSHELL = Language(
    "PowerShell",
    "https://learn.microsoft.com/azure/azure-functions/functions-reference-powershell#powershell-versions",
    {"7.0": "2022-12-03", "7.2": "2024-11-08", "7.4": "2026-11-10"},
)
# Java 8 and later have no day on which both builds that App Service uses end.
_JAVA = Language(
    "Java",
    "https://learn.microsoft.com/azure/app-service/language-support-policy",
    {"7": "2022-07-29"},
)

LANGUAGES = {
    "dotnet": _DOTNET,
    "dotnetcore": _DOTNET,
    "dotnet-isolated": _DOTNET,
    "java": _JAVA,
    "node": _NODE,
    "php": _PHP,
    "powershell": _POWERSHELL,
    "python": _PYTHON,
}
"""By the first half of `linuxFxVersion`, lower-cased: `PYTHON|3.11`."""


def compute(inventory: Inventory, now: datetime | None = None) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each configuration; days are compared with `now`."""
    today = (now or datetime.now(UTC)).date()
    facts: dict[str, Json | Unread] = {}
    for kind in CONFIGS:
        for config in inventory.of_type(kind):
            if config.key.endswith("/config/web") and (found := _version(config, inventory)):
                facts[config.key] = _fact(*found, today)
    return facts


def _fact(language: Language, version: str, path: str, today: date) -> Json:
    until = language.until[version]
    return {
        "name": f"{language.name} {version}",
        "supported_until": until,
        "ended": date.fromisoformat(until) < today,
        "decided_by": [path],
    }


def _version(config: Resource, inventory: Inventory) -> tuple[Language, str, str] | None:
    """The language, its version as the table writes it, and the property that says so."""
    stack, _, version = text(config.body, "properties", "linuxFxVersion").partition("|")
    if stack:
        path = "properties.linuxFxVersion"
        language = LANGUAGES.get(stack)
        return (language, found, path) if language and (found := _known(language, version)) else None
    if found := _known(_POWERSHELL, text(config.body, "properties", "powerShellVersion")):
        return _POWERSHELL, found, "properties.powerShellVersion"
    if found := _known(_JAVA, text(config.body, "properties", "javaVersion").removeprefix("1.")):
        return _JAVA, found, "properties.javaVersion"
    # Of a function app on Windows it is the host's, whatever language the functions are written in:
    # https://learn.microsoft.com/azure/azure-functions/migrate-version-3-version-4
    version = text(config.body, "properties", "netFrameworkVersion").removeprefix("v")
    if (found := _known(_DOTNET, version)) and not _is_function_app(config, inventory):
        return _DOTNET, found, "properties.netFrameworkVersion"
    return None


def _known(language: Language, version: str) -> str:
    """`18-lts`, `~18`, `8.0` and `7.4.3` as the table writes them; "" for what it does not have."""
    numbers = version.lstrip("~").partition("-")[0].split(".")
    candidates = (".".join(numbers[:2]), numbers[0], f"{numbers[0]}.0")
    return next((one for one in candidates if one in language.until), "")


def _is_function_app(config: Resource, inventory: Inventory) -> bool:
    app = inventory.get(ids.parent_of(config.key).removesuffix("/config"))
    kind = value(app.body, "kind") if app else None
    return not isinstance(kind, str) or "functionapp" in kind.lower()


FAMILY = FactFamily(
    name="language",
    types=frozenset(CONFIGS),
    needs=frozenset((*SITES, *CONFIGS)),
    compute=compute,
    dated=compute,
    needs_by_type={CONFIGS[0]: frozenset((SITES[0], CONFIGS[0])), CONFIGS[1]: frozenset((*SITES, CONFIGS[1]))},
    grounds={"ended": "a version that is still supported"},
)

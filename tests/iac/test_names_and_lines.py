"""Names that a declaration has through parameters, modules, loops and states, and the line of a property in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.evaluate.model import Result
from auditor.iac import declared_at
from auditor.iac.place import Place
from auditor.inventory.model import Resource
from auditor.report.places import places
from auditor.rules.model import Evidence, Remediation
from tests.report.samples import STORAGE as RULE
from tests.report.samples import finding, report_of

STORAGE = "Microsoft.Storage/storageAccounts"
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-app"
Found = Callable[..., dict[str, str]]


def resource(name: str, kind: str = STORAGE, group: str = GROUP, **more: Any) -> Resource:
    namespace, *segments = kind.split("/")
    tail = "/".join(f"{s}/{n}" for s, n in zip(segments, name.split("/"), strict=True))
    return Resource.from_body({"id": f"{group}/providers/{namespace}/{tail}", **more})


def bicep(symbol: str, name: str, kind: str = STORAGE, more: str = "") -> str:
    return f"resource {symbol} '{kind}@2023-05-01' = {{\n  name: {name}\n{more}}}\n"


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """`found(files, resource, ...)`: `file:line` by the resource's last name."""

    def find(sources: dict[str, str], *resources: Resource) -> dict[str, str]:
        for name, text in sources.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        declared = declared_at(tmp_path, resources)
        names = {one.key: one.id.rpartition("/providers/")[2] for one in resources}
        return {
            "/".join(names[key].split("/")[2::2]): f"{one.place.uri}:{one.place.start_line}"
            for key, one in declared.items()
        }

    return find


MODULE = "param name string\n" + bicep("st", "name")
LOOPED = "module m 'modules/st.bicep' = [for n in ['sta', 'stb']: {\n  name: n\n"
PREFIXED = "param env string\nvar prefix = 'st${env}'\n" + bicep("st", "'${prefix}data'")


@pytest.mark.parametrize(
    ("files", "name", "place"),
    [
        # a parameter's default, inside an interpolation
        ({"a.bicep": "param env string = 'prod'\n" + bicep("st", "'st${env}data'")}, "stproddata", "a.bicep:2"),
        ({"a.bicep": "param env string\n" + bicep("st", "toLower('ST${env}')")}, "stprod", None),
        # a parameter file replaces the default
        ({"a.bicep": PREFIXED, "p.bicepparam": "using 'a.bicep'\nparam env = 'prod'\n"}, "stproddata", "a.bicep:3"),
        (
            {
                "a.bicep": "param env string = 'dev'\n" + bicep("st", "'st${env}'"),
                "p.bicepparam": "using 'a.bicep'\nparam env = 'prod'\n",
            },
            "stdev",
            None,
        ),
        ({"a.bicep": PREFIXED, "p.bicepparam": "using 'b.bicep'\nparam env = 'prod'\n"}, "stproddata", None),
        # a module's argument, from the folder of the caller
        (
            {
                "main.bicep": "module m 'modules/st.bicep' = {\n  name: 'x'\n  params: {\n    name: 'stmod'\n  }\n}\n",
                "modules/st.bicep": MODULE,
            },
            "stmod",
            "modules/st.bicep:2",
        ),
        (
            {
                "main.bicep": LOOPED + "  params: { name: n }\n}]\n",
                "modules/st.bicep": MODULE,
            },
            "stb",
            "modules/st.bicep:2",
        ),
        (
            {
                "main.bicep": LOOPED + "  params: {\n    name: n\n  }\n}]\n",
                "modules/st.bicep": MODULE,
            },
            "stb",
            "modules/st.bicep:2",
        ),
        (
            {
                "main.bicep": "module m 'st.bicep' = {\n  params: {\n    name: uniqueString('x')\n  }\n}\n",
                "st.bicep": MODULE,
            },
            "x",
            None,
        ),
        # loops over what is written out
        (
            {
                "a.bicep": "var names = [\n  'a'\n  'b'\n]\nresource st '"
                + STORAGE
                + "@1' = [for n in names: {\n  name: 'st${n}'\n}]\n"
            },
            "stb",
            "a.bicep:5",
        ),
        (
            {"a.bicep": "resource st '" + STORAGE + "@1' = [for i in range(0, 2): {\n  name: 'st${i}'\n}]\n"},
            "st1",
            "a.bicep:1",
        ),
        (
            {"a.bicep": "resource st '" + STORAGE + "@1' = [for i in range(0, 2): {\n  name: 'st${i}'\n}]\n"},
            "st2",
            None,
        ),
        (
            {
                "a.bicep": "param names array\nresource st '"
                + STORAGE
                + "@1' = [for n in names: {\n  name: 'st${n}'\n}]\n"
            },
            "sta",
            None,
        ),
        # computed by a function that depends on the deployment
        ({"a.bicep": bicep("st", "'st${uniqueString(resourceGroup().id)}'")}, "stabc", None),
    ],
)
def test_names_in_bicep(files: dict[str, str], name: str, place: str | None, found: Found):
    assert found(files, resource(name)) == ({name: place} if place else {})


def test_a_nested_child_has_its_parents_name(found: Found):
    text = bicep("st", "'st1'", more="  resource blob 'blobServices' = {\n    name: 'default'\n  }\n")
    child = resource("st1/default", STORAGE + "/blobServices")

    assert found({"a.bicep": text}, child, resource("st1")) == {"st1/default": "a.bicep:3", "st1": "a.bicep:1"}


def test_one_template_that_serves_two_environments_is_told_apart_by_their_tag(found: Found):
    text = bicep("api", "'${uniqueString('x')}-api'", "Microsoft.Web/sites", "  tags: { 'azd-service-name': 'api' }\n")
    dev, prod = (
        resource(f"x-{env}", "Microsoft.Web/sites", tags={"azd-service-name": "api", "azd-env-name": env})
        for env in ("dev", "prod")
    )
    twin = resource("y-prod", "Microsoft.Web/sites", tags={"azd-service-name": "api", "azd-env-name": "prod"})

    assert found({"a.bicep": text}, dev, prod) == {"x-dev": "a.bicep:1", "x-prod": "a.bicep:1"}
    assert found({"a.bicep": text}, dev, prod, twin) == {"x-dev": "a.bicep:1"}


def template(*resources: dict[str, Any], **more: Any) -> str:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return json.dumps({"$schema": schema, **more, "resources": list(resources)}, indent=2)


def account(name: str) -> dict[str, Any]:
    return {"type": STORAGE, "name": name}


def deployment(inner: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Resources/deployments", "name": "d", "properties": {"template": inner, **properties}}


INNER = {
    "parameters": {"n": {"type": "string", "defaultValue": "stinner"}},
    "resources": [account("[parameters('n')]")],
}
OUTER = {"n": {"type": "string", "defaultValue": "stouter"}}


@pytest.mark.parametrize(
    ("text", "name", "is_found"),
    [
        (template(account("[concat('st', parameters('n'))]"), parameters={"n": {"defaultValue": "x"}}), "stx", True),
        (template(account("[format('{0}{1}', 'st', variables('v'))]"), variables={"v": "x"}), "stx", True),
        (template(account("[toLower(concat('ST', 'X'))]")), "stx", True),
        (template(account("[concat('st', uniqueString('x'))]")), "st", False),
        (template(account("[concat('st', 'x')")), "stx", False),
        (template(deployment({"resources": [account("stnested")]})), "stnested", True),
        (template(deployment(INNER), parameters=OUTER), "stouter", True),
        (template(deployment(INNER), parameters=OUTER), "stinner", False),
        (
            template(deployment(INNER, expressionEvaluationOptions={"scope": "inner"}), parameters=OUTER),
            "stinner",
            True,
        ),
        (
            template(
                deployment(
                    INNER,
                    expressionEvaluationOptions={"scope": "inner"},
                    parameters={"n": {"value": "[parameters('n')]"}},
                ),
                parameters=OUTER,
            ),
            "stouter",
            True,
        ),
        (template({**deployment({"resources": [account("stcopied")]}), "copy": {"count": 2}}), "stcopied", False),
    ],
)
def test_names_in_arm_templates(text: str, name: str, is_found: bool, found: Found):
    assert bool(found({"azuredeploy.json": text}, resource(name))) is is_found


@pytest.mark.parametrize(("name", "is_found"), [("stprod", True), ("stdev", False)])
def test_a_parameter_file_beside_an_arm_template_replaces_the_default(name: str, is_found: bool, found: Found):
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
    files = {
        "main.json": template(account("[parameters('n')]"), parameters={"n": {"defaultValue": "stdev"}}),
        "main.parameters.json": json.dumps({"$schema": schema, "parameters": {"n": {"value": "stprod"}}}),
    }

    assert bool(found(files, resource(name))) is is_found


def terraform(name: str, label: str = "this", more: str = "") -> str:
    return f'resource "azurerm_storage_account" "{label}" {{\n  name = {name}\n{more}}}\n'


MODULES = {
    "main.tf": 'module "one" {\n  source = "./m"\n  name   = "stone"\n}\n'
    'module "two" {\n  source = "./m"\n  name   = var.two\n}\n',
    "variables.tf": 'variable "two" {\n  default = "sttwo"\n}\n',
    "m/main.tf": 'variable "name" {}\n' + terraform("var.name"),
}


@pytest.mark.parametrize(
    ("files", "name", "place"),
    [
        (MODULES, "stone", "m/main.tf:2"),
        (MODULES, "sttwo", "m/main.tf:2"),
        ({**MODULES, "prod.tfvars": 'two = "stprod"\n'}, "stprod", "m/main.tf:2"),
        ({**MODULES, "prod.tfvars": 'two = "stprod"\n'}, "sttwo", None),
        (
            {"a.tf": 'locals {\n  env = "x"\n  full = "st${local.env}"\n}\n', "b.tf": terraform("local.full")},
            "stx",
            "b.tf:1",
        ),
        ({"a.tf": 'locals {\n  env = "x"\n}\n', "other/b.tf": terraform("local.env")}, "x", None),
        ({"a.tf": terraform('"st${random_id.x.hex}"')}, "st", None),
        ({"a.tf": terraform('"stx" # the account')}, "stx", "a.tf:1"),
        ({"a.tf": terraform('"stx"', more="  for_each = var.all\n")}, "stx", None),
    ],
)
def test_names_in_terraform(files: dict[str, str], name: str, place: str | None, found: Found):
    assert found(files, resource(name)) == ({name: place} if place else {})


def state(module: str, identifier: str) -> str:
    instance = {"attributes": {"id": identifier, "primary_access_key": "secret"}}
    one = {"mode": "managed", "type": "azurerm_storage_account", "name": "this", "instances": [instance]}
    return json.dumps({"version": 4, "terraform_version": "1.9.0", "resources": [{**one, "module": module}]})


def shown(address: str, identifier: str) -> str:
    one = {"address": address, "mode": "managed", "type": "x", "name": "y", "values": {"id": identifier}}
    module = {"resources": [], "child_modules": [{"address": "module.one", "resources": [one]}]}
    return json.dumps({"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": module}})


COMPUTED = {
    "main.tf": 'module "one" {\n  source = "./m"\n}\nmodule "far" {\n  source = "Azure/storage/azurerm"\n}\n'
    + terraform("random_pet.x.id"),
    "m/main.tf": "# a module\n" + terraform("random_pet.x.id"),
}


@pytest.mark.parametrize("kind", ["state", "show"])
@pytest.mark.parametrize(
    ("module", "place"),
    [
        ("module.one", "m/main.tf:2"),
        ('module.one["a.b"]', "m/main.tf:2"),
        ("module.one[0]", "m/main.tf:2"),
        ("module.far", None),
        ("module.gone", None),
    ],
)
def test_a_state_leads_to_the_block_in_the_module_that_it_names(kind: str, module: str, place: str, found: Found):
    wanted = resource("st0a1b2c")
    file = {"terraform.tfstate": state(module, wanted.id)}
    if kind == "show":
        file = {"state.json": shown(f"{module}.azurerm_storage_account.this", wanted.id)}

    assert found({**COMPUTED, **file}, wanted) == ({"st0a1b2c": place} if place else {})


def test_a_state_of_two_possible_roots_is_no_match(found: Found):
    wanted = resource("st0a1b2c")
    files = {f"{name}/main.tf": terraform("random_pet.x.id") for name in ("dev", "prod")}

    assert found({**files, "state.json": shown("azurerm_storage_account.this", wanted.id)}, wanted) == {}
    beside = {"prod/terraform.tfstate": state("", wanted.id)}
    assert found({**files, **beside}, wanted) == {"st0a1b2c": "prod/main.tf:1"}


def test_a_trace_tag_leads_to_the_block_that_writes_it(found: Found):
    trace = "912066a1-31a3-4a08-911b-0b06d9eac64e"
    text = terraform("random_pet.x.id", more=f'  tags = {{\n    yor_trace = "{trace}"\n  }}\n')

    assert found({"main.tf": text}, resource("stx", tags={"yor_trace": trace})) == {"stx": "main.tf:1"}
    assert found({"main.tf": text}, resource("stx", tags={"yor_trace": "other"})) == {}


def shown_at(root: Path, result: Result) -> Place:
    one = Resource.from_body({"id": result.subject.id})
    return places(report_of([result]), {one.key: one}, declared=declared_at(root, [one])).locations[result.fingerprint]


PROPERTIES = """  location: 'westeurope'
  properties: {
    networkAcls: {
      defaultAction: 'Allow'
      ipRules: [
        { value: '203.0.113.1' }
      ]
    }
    minimumTlsVersion: 'TLS1_0'
  }
"""


@pytest.mark.parametrize(
    ("path", "line", "words"),
    [
        ("properties.minimumTlsVersion", 11, "minimumTlsVersion: 'TLS1_0'"),
        ("PROPERTIES.NetworkAcls.defaultaction", 6, "defaultAction: 'Allow'"),
        ("properties.networkAcls.ipRules[0].value", 7, "ipRules: ["),
        ("properties.networkAcls.bypass", 5, "networkAcls: {"),
        ("properties.supportsHttpsTrafficOnly", 4, "properties: {"),
        ("sku.name", 1, "resource st 'Microsoft.Storage/storageAccounts@2023-05-01' = {"),
        ("facts.exposure.paths", 1, "resource st 'Microsoft.Storage/storageAccounts@2023-05-01' = {"),
    ],
)
@pytest.mark.parametrize("language", ["bicep", "arm"])
def test_a_finding_is_shown_at_the_property_in_the_declaration(
    path: str, line: int, words: str, language: str, tmp_path: Path
):
    result = finding(RULE, "st1", evidence=(Evidence(path, "x", "y"),))
    bodies = {"networkAcls": {"defaultAction": "Allow", "ipRules": [{"value": "203.0.113.1"}]}}
    text = bicep("st", "'st1'", more=PROPERTIES)
    if language == "arm":
        declared = {**account("st1"), "properties": {**bodies, "minimumTlsVersion": "TLS1_0"}}
        text = template(declared)
        words = words.replace(": ", '": ').replace("'", '"').partition(" {")[0].strip()
        words = '"type": "' if words.startswith("resource") else f'"{words}'
    (tmp_path / ("a.bicep" if language == "bicep" else "a.json")).write_text(text)
    one = Resource.from_body({"id": result.subject.id})

    place = places(report_of([result]), {one.key: one}, declared=declared_at(tmp_path, [one])).locations[
        result.fingerprint
    ]
    shown_text = text.splitlines()[place.start_line - 1][place.start_column - 1 : place.end_column - 1]

    assert words in shown_text
    assert language == "arm" or place.start_line == line


def test_a_property_that_stands_twice_is_not_guessed(tmp_path: Path):
    text = bicep("st", "'st1'", more="  properties: secure ? {\n    a: 1\n  } : {\n    a: 2\n  }\n")
    (tmp_path / "a.bicep").write_text(text)
    result = finding(RULE, "st1", evidence=(Evidence("properties.a", 2, "1"),))
    one = Resource.from_body({"id": result.subject.id})

    place = places(report_of([result]), {one.key: one}, declared=declared_at(tmp_path, [one])).locations[
        result.fingerprint
    ]

    assert place.start_line == 3


TWICE = "  {} {{\n    public_network_access_enabled = true\n  }}\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("  public_network_access_enabled = true\n", 3),
        ("  network_rules {\n    public_network_access_enabled = true\n  }\n", 4),
        ("  # public_network_access_enabled = true\n", 1),
        ("  location = var.here\n", 1),
        (TWICE.format("a") + TWICE.format("b"), 1),
    ],
)
@pytest.mark.parametrize("by", ["name", "state"])
def test_a_finding_is_shown_at_the_terraform_argument_that_its_remediation_sets(
    arguments: str, line: int, by: str, tmp_path: Path
):
    result = finding(RULE, "st1")
    assert RULE.remediation.terraform == "public_network_access_enabled = false"
    (tmp_path / "main.tf").write_text(terraform('"st1"' if by == "name" else "random_pet.x.id", more=arguments))
    if by == "state":
        (tmp_path / "terraform.tfstate").write_text(state("", result.subject.id))
    one = Resource.from_body({"id": result.subject.id})

    place = places(report_of([result]), {one.key: one}, declared=declared_at(tmp_path, [one])).locations[
        result.fingerprint
    ]

    assert (place.uri, place.start_line) == ("main.tf", line)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ('resource "azurerm_storage_account" "x" {\n  size = 1\n}\n', 3),
        ('resource "azurerm_private_endpoint" "x" {\n  size = 1\n}\n', 1),
        ('resource "azurerm_private_endpoint" "x" {\n}\nresource "azurerm_storage_account" "y" {\n  size = 1\n}\n', 3),
        ("name = 1\n", 1),
    ],
)
def test_arguments_of_other_resource_types_are_not_meant(code: str, line: int, tmp_path: Path):
    result = finding(replace(RULE, remediation=Remediation("x", terraform=code)), "st1")
    (tmp_path / "main.tf").write_text(terraform('"st1"', more="  size = 2\n"))
    one = Resource.from_body({"id": result.subject.id})

    place = places(report_of([result]), {one.key: one}, declared=declared_at(tmp_path, [one])).locations[
        result.fingerprint
    ]

    assert place.start_line == line


def test_a_list_in_the_place_of_a_name_is_told_whatever_it_holds():
    from auditor.expressions.partial import Unknown
    from auditor.expressions.shapes import text_of

    assert text_of(["a", Unknown("only deployment knows it", text="{name}")]) == '["a","{name}"]'

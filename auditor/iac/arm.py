"""Resource declarations in ARM templates, nested and linked deployments included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.iac.declaration import Declaration
from auditor.iac.layout import Span
from auditor.iac.names import named
from auditor.iac.place import Place
from auditor.iac.template import TEMPLATE, Declared, TemplateFile, declared
from auditor.iac.template_scope import TemplateScope


def is_template(text: str) -> bool:
    """Whether a JSON text may be a deployment template: a quick look."""
    return TEMPLATE in text.lower()


def is_compiled(file: TemplateFile) -> bool:
    """Whether Bicep made the template."""
    metadata = file.document.get("metadata")
    generator = metadata.get("_generator") if isinstance(metadata, Mapping) else None
    return isinstance(generator, Mapping) and generator.get("name") == "bicep"


def arm_declarations(
    file: TemplateFile, given: Sequence[Mapping[str, Any]], open_file: Callable[[str], TemplateFile | None]
) -> Iterator[Declaration]:
    """Resources of a deployment template, children in their parents included; nothing for any other JSON.

    `given` are the parameter files for it.
    """
    for values in given or [{}]:
        scope = TemplateScope(values, file.document)
        made = [declaration for one in declared(file, scope, open_file) for declaration in declarations_of(one)]
        # The elements of one loop cannot share a name: something else tells them apart.
        times = Counter((one.place, one.name) for one in made)
        yield from (one for one in made if not one.name or times[one.place, one.name] == 1)


def declarations_of(one: Declared) -> Iterator[Declaration]:
    """One resource under each name that it can have."""
    declaration = declaration_of(one)
    name = one.name if one.is_one else Unknown("several resources cannot have one name")
    yield from named(declaration, name, one.scope.value(one.raw.get("tags")))


def declaration_of(one: Declared) -> Declaration:
    """Where a resource is declared, whatever its name is."""
    return Declaration(
        one.kind,
        "",
        place_of(one),
        properties=dict(_property_places(one)),
        calls=tuple(_place(file, file.layout.spans.get((*steps, "type"))) for file, steps in one.calls),
    )


def place_of(one: Declared) -> Place:
    """The line of a declaration: that of its type."""
    spans = one.file.layout.spans
    return _place(one.file, spans.get((*one.steps, "type")) or spans.get(one.steps))


def _property_places(one: Declared) -> Iterator[tuple[str, Place]]:
    here = one.steps
    for steps, span in one.file.parts.get(here, ()):
        own = steps[len(here) :]
        if own and own[0] != "resources" and all(isinstance(step, str) for step in own):
            yield ".".join(map(str, own)).lower(), _place(one.file, span)


def _place(file: TemplateFile, span: Span | None) -> Place:
    return Place(file.uri, span.line, span.start, span.line, span.end) if span else Place(file.uri)

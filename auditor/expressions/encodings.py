"""Template functions that encode text.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string
"""

from __future__ import annotations

import base64
import uuid
from typing import Any
from urllib.parse import quote, unquote, urljoin

from auditor.expressions.arguments import fail, text_of


def to_base64(value: Any) -> str:
    """`base64()`."""
    return base64.b64encode(text_of("base64", value).encode()).decode()


def base64_to_string(value: Any) -> str:
    """`base64ToString()`."""
    try:
        return base64.b64decode(text_of("base64ToString", value), validate=True).decode()
    except ValueError:
        raise fail("base64ToString", "the text is not base64") from None


def guid(*values: Any) -> str:
    """`guid()`: the version 5 UUID that Azure Resource Manager makes of its arguments joined by `-`."""
    namespace = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
    return str(uuid.uuid5(namespace, "-".join(text_of("guid", value) for value in values)))


def data_uri(value: Any) -> str:
    """`dataUri()`."""
    return "data:text/plain;charset=utf8;base64," + to_base64(value)


def data_uri_to_string(value: Any) -> str:
    """`dataUriToString()`."""
    head, comma, data = text_of("dataUriToString", value).partition(",")
    if not comma or not head.lower().startswith("data:"):
        raise fail("dataUriToString", "the text is no data URI")
    return base64_to_string(data) if head.lower().endswith(";base64") else unquote(data)


def to_uri(base: Any, relative: Any) -> str:
    """`uri()`: a relative address made absolute."""
    return urljoin(text_of("uri", base), text_of("uri", relative))


def escaped(value: Any) -> str:
    """`uriComponent()`."""
    return quote(text_of("uriComponent", value), safe="-_.~")


def unescaped(value: Any) -> str:
    """`uriComponentToString()`."""
    return unquote(text_of("uriComponentToString", value))

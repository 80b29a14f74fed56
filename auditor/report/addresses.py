"""Where a resource is shown as a file: a stable path made from its id."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from auditor.inventory import ids

# What some file system refuses, or reads as a way out of the folder.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*\ud800-\udfff]|[. ]+$')
_LONGEST = 120


def artifact_path(resource_id: str) -> str:
    """The path, relative to an inventory folder, of the file that stands for a resource.

    The lower-cased id with `.json` at its end, so that a child's file lies in a folder beside its parent's. A segment
    that no file can be called is rewritten, with a hash that keeps it apart from others.
    """
    segments = [_segment(segment) for segment in ids.id_key(resource_id).strip("/").split("/") if segment]
    return "/".join(segments or ["tenant"]) + ".json"


def artifact_uri(prefix: str, resource_id: str) -> str:
    """The same path as a percent-encoded, repository-relative URI below `prefix`."""
    folder = prefix.strip("/")
    return quote(f"{folder}/{artifact_path(resource_id)}" if folder else artifact_path(resource_id), safe="/")


def _segment(text: str) -> str:
    safe = _UNSAFE.sub("_", text)[:_LONGEST]
    if safe == text:
        return safe
    return f"{safe}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"

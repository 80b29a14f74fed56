"""Microsoft Graph's JSON batches: twenty reads in one request, each with an answer of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from auditor.azure.answers import Answer, Trouble, error_of, retry_after
from auditor.azure.collectors.reading import Reader, Target
from auditor.azure.wire import ReadFailedError
from auditor.inventory.model import Json

BATCH_SIZE = 20
"""https://learn.microsoft.com/graph/json-batching"""
_INNER_TRIES = 5
_MOST_WAIT_S = 120.0


async def all_pages(reader: Reader, whole: Target, first: Json | Trouble) -> Json | Trouble:
    """An inner answer with the pages that follow it, read one by one."""
    if isinstance(first, Trouble) or not isinstance(first, Mapping):
        return first
    link = first.get("@odata.nextLink")
    if not isinstance(link, str):
        return first
    more = await reader.collect(replace(whole, call=replace(whole.call, url=link)))
    if isinstance(more, Trouble):
        return more
    return {**first, "value": [*first.get("value", []), *more]}


async def read_batch(reader: Reader, whole: Target, paths: Mapping[str, str]) -> dict[str, Json | Trouble]:
    """Answers by owner. Inner requests are throttled one by one, so those are asked again."""
    answers: dict[str, Json | Trouble] = {}
    open_paths = dict(paths)
    for attempt in range(_INNER_TRIES):
        outcome = await _batch_once(reader, whole, open_paths)
        if isinstance(outcome, Trouble):
            return {**answers, **dict.fromkeys(open_paths, outcome)}
        answers.update(outcome)
        again = {o: a for o, a in outcome.items() if isinstance(a, Trouble) and a.transient}
        open_paths = {owner: paths[owner] for owner in again}
        if not open_paths or attempt == _INNER_TRIES - 1:
            break
        wait = min(_MOST_WAIT_S, max((trouble.retry_after_s or 2.0**attempt) for trouble in again.values()))
        whole.call.buckets[0].pause(wait, reader.wire.budget.timing.now())
    return answers


async def _batch_once(reader: Reader, whole: Target, paths: Mapping[str, str]) -> dict[str, Json | Trouble] | Trouble:
    owners = list(paths)
    requests = [{"id": str(number), "method": "GET", "url": paths[owner]} for number, owner in enumerate(owners)]
    call = replace(
        whole.call,
        url=whole.call.url or "/v1.0/$batch",
        operation=f"POST $batch {whole.kind}",
        method="POST",
        holds="responses",
        content=orjson.dumps({"requests": requests}),
    )
    try:
        answer: Answer = await reader.wire.read(call)
    except ReadFailedError as error:
        return error.trouble
    responses = answer.body["responses"] if isinstance(answer.body, Mapping) else answer.body
    by_number = {str(r.get("id")): r for r in responses if isinstance(r, Mapping)}
    return {owner: _inner(by_number.get(str(number))) for number, owner in enumerate(owners)}


def _inner(response: Mapping[str, Json] | None) -> Json | Trouble:
    if response is None:
        return Trouble(None, "NoAnswer", "the batch answered without this request", transient=True)
    status = response.get("status")
    if isinstance(status, int) and status < 400:
        body = response.get("body")
        if isinstance(body, Mapping) and isinstance(body.get("value"), list):
            return body
        return Trouble(status, "UnexpectedAnswer", "a list of objects was expected, and none came", transient=True)
    given = response.get("headers")
    headers = {str(name).lower(): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
    code, message = error_of(response.get("body"))
    number = status if isinstance(status, int) else None
    return Trouble(
        number, code or f"Http{number}", message, number in (429, 500, 502, 503, 504), retry_after(headers), headers
    )

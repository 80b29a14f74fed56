"""Which column each node of a picture stands in."""

from __future__ import annotations

from collections import deque

from auditor.evaluate.model import Picture


def layers_of(picture: Picture) -> dict[str, int]:
    """Node id to column, 0 first: every connection leads to a column further right, but for those that close a circle.

    A node that nothing leads to stands right before what it leads to.
    """
    targets: dict[str, list[str]] = {node.id: [] for node in picture.nodes}
    waiting = dict.fromkeys(targets, 0)
    for edge in picture.edges:
        if edge.source in targets and edge.target in targets and edge.source != edge.target:
            targets[edge.source].append(edge.target)
            waiting[edge.target] += 1
    roots = [node for node, count in waiting.items() if not count]
    layers = dict.fromkeys(targets, 0)
    ready, done = deque(roots), set(roots)
    left = deque(targets)
    while len(done) < len(targets) or ready:
        if not ready:  # a circle: its first node begins
            while left[0] in done:
                left.popleft()
            ready.append(left[0])
            done.add(left[0])
        node = ready.popleft()
        for target in targets[node]:
            waiting[target] -= 1
            if target in done:
                continue
            layers[target] = max(layers[target], layers[node] + 1)
            if not waiting[target]:
                ready.append(target)
                done.add(target)
    for root in roots:
        if targets[root]:
            layers[root] = max(0, min(layers[target] for target in targets[root]) - 1)
    return layers

"""What the shell offers at the Tab key. Nothing here may fail: a shell shows errors amid what is being typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from auditor.cli.settings import known_words

Offers = list[tuple[str, str]]
"""Words to offer, each with a short explanation for shells that show one."""


def _offer(*sources: Callable[[], Mapping[str, str]]) -> Callable[[str], Offers]:
    def complete(incomplete: str) -> Offers:
        return [
            (word, said)
            for source in sources
            for word, said in _safely(source)
            if word.lower().startswith(incomplete.lower())
        ]

    return complete


def _safely(source: Callable[[], Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    try:
        return source().items()
    except Exception:
        return ()


rule = _offer(known_words.rules)
rule_or_topic = _offer(known_words.topics, known_words.rules)
output_format = _offer(known_words.formats)
framework = _offer(known_words.frameworks)
credential = _offer(known_words.credentials)
cloud = _offer(known_words.clouds)
subscription = _offer(known_words.subscriptions)


def group(incomplete: str) -> Offers:
    """`--group-by`: what there is to group by."""
    words = ("rule", "resource", "subscription", "topic", "owner", "environment", "data-class", "tag:")
    return [(word, "") for word in words if word.startswith(incomplete.lower())]


def report(incomplete: str) -> Offers:
    """`--report FORMAT=FILE`: the formats, each with its equals sign."""
    return [(f"{name}=", said) for name, said in output_format(incomplete.partition("=")[0]) if "=" not in incomplete]

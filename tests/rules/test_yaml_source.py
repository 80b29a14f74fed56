import pytest

from auditor.rules.yaml_source import read_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("100", 100),
        ("-3", -3),
        ("1.5", 1.5),
        ("'100'", "100"),
        ('"true"', "true"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("on", "on"),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("TLS1_2", "TLS1_2"),
        ("[a, 1, true]", ["a", 1, True]),
        ("|\n  1\n", "1\n"),
    ],
)
def test_only_the_core_schema_is_anything_but_text(text, value):
    found = read_document(f"key: {text}", "r.yaml").value["key"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\nb: [1\n", 3, 1, "not YAML"),
        ("a: 1\na: 2\n", 2, 1, "twice"),
        ("a:\n\t- 1\n", 2, 1, "not YAML"),
        ("", 1, 1, "empty"),
        ("? [a]\n: 1\n", 1, 3, "key must be text"),
    ],
)
def test_a_mistake_has_its_place(text, line, column, says):
    problem = read_document(text, "r.yaml").problems[0]

    assert (problem.line, problem.column) == (line, column)
    assert says in problem.message


def test_an_alias_bomb_is_refused_quickly():
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 12))
    document = read_document("l0: &l0 [x]\n" + levels, "bomb.yaml")

    assert any("aliases" in problem.message for problem in document.problems)


def test_places_of_keys_and_elements():
    document = read_document("a:\n  - b: 1\n    c: 2\n", "r.yaml")

    assert document.mark(("a", 0, "c")) == (3, 5)
    assert document.mark(("a", 0, "unknown", 1)) == (2, 5)


@pytest.mark.parametrize(
    "text", ["a: &a\n  b: *a\n", "&a [*a]\n", "a: &a [x, {c: *a}]\n", f"a: {'[' * 300}{']' * 300}\n"]
)
def test_an_anchor_inside_itself_has_no_end_and_is_refused(text: str):
    problems = read_document(text, "r.yaml").problems

    assert any("nests too deeply" in problem.message or "not YAML" in problem.message for problem in problems)


@pytest.mark.parametrize("digits", [301, 5_000, 100_000])
def test_a_number_of_thousands_of_digits_is_refused_with_its_place(digits: int):
    (problem,) = read_document(f"a: 1\nb: {'9' * digits}\n", "r.yaml").problems

    assert (problem.line, problem.message) == (2, "a number has too many digits")

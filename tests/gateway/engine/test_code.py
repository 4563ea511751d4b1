"""Generated code: names that meet nowhere, and how much an expression makes."""

import keyword

import pytest

from gateway.engine.code import Count, Names, Shape, braces, function

ROUND = "for each in page.items"


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("customers", "customers"),
        ("voucherQuotas", "voucher_quotas"),
        ("Customer", "customer"),
        ("tier2Partners", "tier2_partners"),
        ("class", "class_2"),
        ("len", "len_2"),
        ("fitting", "fitting_2"),
    ],
)
def test_a_name_is_like_the_word_of_the_graph_it_stands_for(wish: str, name: str) -> None:
    assert Names(["fitting"]).take(wish) == name


def test_a_name_is_given_once_however_often_it_is_wished_for() -> None:
    names = Names()

    assert [names.take(wish) for wish in ("a", "A", "a_2", "a")] == ["a", "a_2", "a_2_2", "a_3"]


def test_no_word_of_python_is_a_name() -> None:
    names = Names()

    assert not any(keyword.iskeyword(names.take(word)) for word in keyword.kwlist)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(), "0"),
        (Count(2) + Count(1), "3"),
        (Count(1) + Count(terms=("n",)) + Count(terms=("m",)), "1 + n + m"),
        (Count().each("page.items", [ROUND]), "0"),
        (Count(1).each("page.items", [ROUND]), "len(page.items)"),
        (Count(3).each("page.items", [ROUND]), "3 * len(page.items)"),
        (Count(2).each("", [ROUND]), f"sum(2 {ROUND})"),
        (Count(1, ("n",)).each("page.items", [ROUND]), f"sum(1 + n {ROUND})"),
        (Count().where("found"), "0"),
        (Count(1, ("n",)).where("found"), "(1 + n if found else 0)"),
    ],
)
def test_a_count_is_written_as_shortly_as_it_can_be(count: Count, text: str) -> None:
    assert count.text == text


@pytest.mark.parametrize("found", [None, "it"])
@pytest.mark.parametrize("items", [[], ["a", "b", "c"]])
def test_an_expression_makes_as_many_objects_as_it_counts(
    items: list[str], found: str | None
) -> None:
    name = Shape("name", Count(1))
    listed = name.each(["for name in items"], items="items")
    given = braces([("found", Shape("found", Count(2)))]).where("found", otherwise="[]")

    shape = braces([("items", listed), ("given", given)])

    names = {"items": items, "found": found}
    assert eval(shape.text, names) == {  # noqa: S307 - our own text
        "items": items,
        "given": {"found": found} if found else [],
    }
    assert eval(shape.count.text, names) == len(items) + (2 if found else 0)  # noqa: S307 - likewise


def test_an_object_of_nothing_is_written_too() -> None:
    assert braces([]) == Shape("{}")


def test_a_function_is_indented() -> None:
    assert function("def f()", "a = 1", "return a") == "def f():\n    a = 1\n    return a\n"

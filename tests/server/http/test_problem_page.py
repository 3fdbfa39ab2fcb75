from __future__ import annotations

import pytest

from server.http.problem_page import problem_page


@pytest.mark.parametrize(
    ("language", "said", "way_on"),
    [
        ("de", "Diesen Raum gibt es nicht (mehr).", "Alle Räume"),
        ("en", "There is no such room (any more).", "All rooms"),
    ],
)
def test_a_problem_is_said_in_the_language_asked_for_with_a_way_on(
    language: str, said: str, way_on: str
) -> None:
    page = problem_page("no_such_room", "There is no such room (any more).", language)
    assert f"<h1>{said}</h1>" in page
    assert f'<a class="quiet" href="/">{way_on}</a>' in page
    assert '<meta name="robots" content="noindex">' in page


def test_what_is_not_translated_is_said_in_english() -> None:
    assert "<h1>Something rare.</h1>" in problem_page("rare", "Something rare.", "de")


def test_a_sentence_is_text() -> None:
    page = problem_page("rare", "<script>alert(1)</script> $language", "en")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $language" in page


def test_it_has_the_colours_that_its_visitor_chose() -> None:
    page = problem_page("rare", "Something rare.", "en", ' data-theme="light"')
    assert '<html lang="en" data-theme="light">' in page

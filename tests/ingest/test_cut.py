import pytest

from bot.ingest.markup.cut import is_cut, without_cut


@pytest.mark.parametrize(
    "mark", ["…", " …", "...", " ... ", "[…]", " [...]", " [ … ]", " [ ... ] ", " […"]
)
def test_a_mark_at_the_end_is_taken_off(mark: str) -> None:
    assert without_cut(f"Мост открыли{mark}") == "Мост открыли"
    assert is_cut(f"Мост открыли{mark}")


@pytest.mark.parametrize("text", ["", "Мост открыли.", "Мост… открыли", "Мост [открыли] ", ".."])
def test_what_is_not_cut_stays_as_it_is(text: str) -> None:
    assert without_cut(text) == text
    assert not is_cut(text)

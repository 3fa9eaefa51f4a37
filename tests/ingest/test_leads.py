"""Leads that are cut short, and descriptions of the site instead of the article."""

import time

import pytest

from bot.ingest.about.leads import lead_of_article, whole_lead
from bot.ingest.article.extract import extract_article
from bot.model import Document, Paragraph, Span

FIRST = "Мост строили три года подряд без перерыва на зиму, сказал А. Д. Зодчий. Он доволен."
WHOLE = "Мост строили три года подряд без перерыва на зиму, сказал А. Д. Зодчий."
DOCUMENT = Document((Paragraph((Span(FIRST),)), Paragraph((Span("Второй абзац."),))))


@pytest.mark.parametrize(
    "cut",
    [
        "Мост строили три года подряд без перерыва на…",
        "Мост строили три года подряд без перерыва на [...]",
        "Мост строили три года подряд, без…",
        "Мост строили три года подряд без перерыва на [&hellip;]".replace("&hellip;", "…"),
        "Мост строили три года подряд без пер",
    ],
)
def test_a_lead_is_completed_to_the_end_of_its_sentence(cut: str) -> None:
    wanted = cut if "подряд," in cut else WHOLE  # which are other words
    assert whole_lead(cut, DOCUMENT, 1000) == wanted


def test_a_lead_that_is_whole_or_would_be_too_long_stays() -> None:
    assert whole_lead("Мост открыт: что дальше?", DOCUMENT, 1000) == "Мост открыт: что дальше?"
    assert whole_lead(WHOLE, DOCUMENT, 1000) == WHOLE
    assert whole_lead("Мост строили три года…", DOCUMENT, 40) == "Мост строили три года…"


@pytest.mark.parametrize("text", ["-" * 30_000, "." * 30_000, " . " * 10_000, "?»" * 15_000])
def test_a_lead_and_a_text_of_any_length_take_their_length(text: str) -> None:
    """Once 15 KB of dashes, or 8 KB of dots, stopped the bot for a quarter of a minute."""
    lead = "Мост строили три года подряд"
    document = Document((Paragraph((Span(f"{lead} {text}x"),)),))
    start = time.process_time()
    assert whole_lead(f"{text}x", document, 1000) == f"{text}x"
    assert whole_lead(f"{lead} {text}"[:900], document, 1000)
    assert whole_lead(lead, document, 1000) == lead
    assert time.process_time() - start < 1


def test_what_a_site_says_of_itself_is_no_lead() -> None:
    slogan = "Официальный портал Министерства транспорта"
    for text in ("Мост открыт.", "Министерство построило мост."):
        found = lead_of_article([slogan, "О мосте"], "Мост", text, "Министерство транспорта")
        assert found == ("О мосте" if "мост" in text.lower() else "")


@pytest.mark.parametrize(
    "marked",
    [
        "<div class=lead>{}</div>",
        "<p class=standfirst>{}</p>",
        "<div class=announce>{}</div>",
        "<p itemprop=description>{}</p>",
        "<div class=article__lead><p>{}</p></div>",
    ],
)
def test_the_lead_that_the_page_shows_serves_where_the_head_speaks_of_the_site(marked: str) -> None:
    lead = "По новому мосту через реку уже пошли первые автобусы."
    html = (
        "<html><head><meta property=og:description content='Портал для каждого жителя'></head>"
        f"<body><h1>Мост открыт</h1>{marked.format(lead)}<div><p>{FIRST}</p><p>{FIRST}</p>"
        "</div></body></html>"
    )
    found = extract_article(html.encode(), "text/html; charset=utf-8", "https://news.example/1")
    assert found.lead == lead

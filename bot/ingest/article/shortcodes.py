"""WordPress's shortcodes that a site shows as they are written.

https://developer.wordpress.org/reference/functions/img_caption_shortcode/
"""

from __future__ import annotations

import re

_CAPTIONED = re.compile(
    r"\[caption\b[^\]<>]{0,300}\]\s{0,20}"
    r"(?P<picture>(?:<a\s[^<>]{0,2000}>\s{0,20})?<img\s[^<>]{0,4000}>(?:\s{0,20}</a>)?)"
    r"(?P<caption>[^\[]{0,1000})\[/caption\]",
    re.IGNORECASE,
)
_MARK = re.compile(r"\[/?caption\b[^\]<>]{0,300}\]", re.IGNORECASE)


def without_shortcodes(html: str) -> str:
    """HTML with ``[caption]`` around a picture as a figure, and without such marks elsewhere."""
    if "caption" not in html:
        return html
    figures = _CAPTIONED.sub(
        r"<figure>\g<picture><figcaption>\g<caption></figcaption></figure>", html
    )
    return _MARK.sub("", figures)

"""Where text may be cut: after sentences, between words, between characters as people see them."""

from __future__ import annotations

from collections.abc import Iterator

import regex

# A character of no special class, or a line feed, before a character of no special class: there
# the rules of Unicode (UAX #29) always see a boundary, whatever stands around.
_CERTAIN = regex.compile(
    r"(?r)(?<=[\p{GCB=XX}\p{GCB=CN}\p{GCB=LF}])\p{GCB=XX}|(?<=\n).|\n", regex.S
)
_CLUSTER = regex.compile(r"\X")
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_LOOK_BACK = 4096  # a longer cluster fits no message

_SENTENCE = regex.compile(
    r"""
    (?<! [.!?…] ) (?P<mark> [.!?…]++ ) [\"'”’»“)\]]*+ (?=[\ \n])
    |  [。！？]++ [」』）”]*+ (?! [\p{GCB=EX}\p{GCB=SM}\p{GCB=ZWJ}] )
    """,
    regex.X,
)
_NEXT = regex.compile(r"[\s\p{P}\p{S}]{0,100}+(.)", regex.S)
_LAST_TOKEN = regex.compile(r"(?r)[\p{L}\p{M}\p{N}.\-]+")
_WORD = regex.compile(r"[ \n]++(?![—–])")

_SHORTENED = """
    абз акад англ гг гл гр доб доц др ед зам им инж исп кв корр коп куб лат мин млн млрд наб напр
    нач нем обл оз орг осн отв пер пл пос пп пр прим проф просп р-н разд ред рис рр руб св сек сер
    см соч ср ст стр табл тел тов трлн туп тыс ул указ утв фр чел чл шт экз яз
    янв февр апр авг сент окт нояб дек
    apr approx art aug ave capt cf ch co col corp dec dept dr ed eds est etc feb fig figs gen gov
    hon inc jan jr lt ltd maj messrs mr mrs ms mt no nos nov oct op pl pp prof pt rep rev sec sen
    sept sgt sr st vol vols vs
"""
_ABBREVIATIONS = frozenset(_SHORTENED.split())


def boundary(text: str, at: int) -> int:
    """The last edge between grapheme clusters at or before ``at``.

    Looks back a bounded way: a run of thousands of flags or joiners costs no more than a page.
    """
    if not 0 < at < len(text):
        return max(0, min(at, len(text)))
    if text[at] in _FLAGS:  # flags are pairs, and \X takes quadratic time for thousands of them
        head = text[:at]
        before = len(head) - len(head.rstrip(_FLAGS))
        if before > 1:
            return at - before % 2
        at -= before
    floor = max(0, at - _LOOK_BACK)
    certain = _CERTAIN.search(text, floor, at + 1)
    last = certain.start() if certain else floor
    for cluster in _CLUSTER.finditer(text, last, at + 1):
        last = cluster.start()
    return last


def sentence_ends(text: str, low: int, high: int) -> Iterator[int]:
    """Places from ``low`` to ``high`` behind a sentence, its closing quotes and brackets included.

    Rules of Russian and English; where a full stop may belong to an abbreviation or to initials,
    no end is seen, since a page loses nothing by ending a sentence earlier.
    """
    for match in _SENTENCE.finditer(text, max(0, low - 8), min(len(text), high + 1)):
        at = match.end()
        if low <= at <= high and not _goes_on(text, at):
            stop = match.start("mark")
            if match.group("mark") != "." or not _abbreviated(text, stop):
                yield at


def _goes_on(text: str, at: int) -> bool:
    """Whether what follows ``at`` starts in lower case, as after «Идём!» — сказал он."""
    following = _NEXT.match(text, at)
    return following is not None and following.group(1).islower()


def _abbreviated(text: str, stop: int) -> bool:
    """Whether the full stop at ``stop`` belongs to an abbreviation, an initial or a number."""
    found = _LAST_TOKEN.match(text, max(0, stop - 24), stop)
    token = found.group() if found else ""
    if token.isdigit():
        return stop == len(token) or text[stop - len(token) - 1] == "\n"  # the number of an item
    last = token.rpartition(".")[2]
    return (len(last) == 1 and last.isalpha()) or last.casefold() in _ABBREVIATIONS


def word_ends(text: str, low: int, high: int) -> Iterator[int]:
    """Places from ``low`` to ``high`` behind a word; a dash stays on the line of the word before.

    A no-break space holds words together here too.
    """
    for match in _WORD.finditer(text, low, high + 1):
        if match.start() >= low:
            yield match.start()

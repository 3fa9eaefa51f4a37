"""The catalogues against the code: ``update`` brings in new messages, ``check`` finds faults."""

from __future__ import annotations

import ast
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
DOMAIN = "vestnik"
# Translator(...) is called t; labels that are only named somewhere are wrapped in N_.
KEYWORDS = {"t": None, "N_": None, "plural": (1, 2)}
SOURCE_LANGUAGE = "en"


def extracted() -> Catalog:
    """Every message that the code says."""
    catalog = Catalog(project="Vestnik", charset="utf-8")
    for filename, _line, message, comments, context in extract_from_dir(
        ROOT / "bot",
        method_map=[("**.py", "python")],
        keywords=KEYWORDS,
        comment_tags=("Translators:",),
        strip_comment_tags=True,
    ):
        catalog.add(
            message, locations=[(f"bot/{filename}", 0)], auto_comments=comments, context=context
        )
    return catalog


def catalogs() -> Iterator[tuple[Path, Catalog]]:
    """Each catalogue with its file."""
    for path in sorted(ROOT.glob(f"locales/*/LC_MESSAGES/{DOMAIN}.po")):
        with path.open("rb") as file:
            yield path, read_po(file, locale=path.parts[-3])


def update() -> None:
    """Bring new messages into every catalogue; English fills itself in."""
    for path, catalog in catalogs():
        # A template for each: the catalogue takes its messages over, and then fills them in.
        catalog.update(extracted(), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        if catalog.locale is not None and catalog.locale.language == SOURCE_LANGUAGE:
            for message in messages(catalog):
                if not any(forms(message)):
                    message.string = message.id
        with path.open("wb") as file:
            write_po(file, catalog, width=100, sort_output=True, include_lineno=False)
        print(f"{path.relative_to(ROOT)}: {len(catalog)} messages")


def check() -> int:
    """Print every fault; the number of faults."""
    wanted = {message.id for message in messages(extracted())}
    faults = list(hidden()) + [
        f"{path.relative_to(ROOT)}: {fault}"
        for path, catalog in catalogs()
        for fault in faults_of(catalog, wanted)
    ]
    print("\n".join(faults) or f"Catalogues: {len(wanted)} messages, complete in every language.")
    return len(faults)


def hidden() -> Iterator[str]:
    """Messages inside the braces of an f-string: Babel sees them only from Python 3.12 on."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        code = ast.parse(path.read_text(encoding="utf-8"))
        for f_string in (node for node in ast.walk(code) if isinstance(node, ast.JoinedStr)):
            for call in (node for node in ast.walk(f_string) if isinstance(node, ast.Call)):
                if _name(call.func) in KEYWORDS:
                    place = f"{path.relative_to(ROOT)}:{call.lineno}"
                    yield f"{place}: a message inside an f-string; say it before"


def _name(function: ast.expr) -> str | None:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def faults_of(catalog: Catalog, wanted: set[Any]) -> Iterator[str]:
    """What lacks in one catalogue."""
    have = {message.id: message for message in messages(catalog)}
    for missing in sorted(map(str, wanted - have.keys())):
        yield f"lacks {missing!r}; run `make locales`"
    for unused in sorted(map(str, have.keys() - wanted)):
        yield f"has {unused!r}, which the code no longer says; run `make locales`"
    for message in have.values():
        translated = forms(message)
        plural = isinstance(message.id, tuple)
        if message.fuzzy:
            yield f"{message.id!r} is marked fuzzy"
        if not all(translated) or len(translated) != (catalog.num_plurals if plural else 1):
            yield f"{message.id!r} is not translated in all its forms"
        names = fields(message.id[-1] if plural else str(message.id))
        for form in translated:
            if form and fields(form) != names:
                yield f"{message.id!r}: {form!r} names other values"


def messages(catalog: Catalog) -> list[Message]:
    """The messages without the header."""
    return [message for message in catalog if message.id]


def forms(message: Message) -> list[str]:
    """The translation, in each of its forms."""
    text = message.string
    return [text] if isinstance(text, str) else list(text or ())


def fields(text: str) -> set[str]:
    """The names of the values that a message shows."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:  # a brace stands alone: what cannot be filled fits no message
        return {text}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["check"]:
            sys.exit(1 if check() else 0)
        case _:
            sys.exit("usage: python scripts/locales.py update|check")

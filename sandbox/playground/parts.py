"""What the page is sent, as JSON: pure functions of what the emulator and the site hold."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sandbox.newsroom import Article, Newsroom
from sandbox.newsroom.articles import SITE_TITLE
from sandbox.newsroom.markup import to_markup
from sandbox.playground.preview import preview
from sandbox.telegram import (
    Group,
    Message,
    Person,
    Telegram,
    drawn_entities,
)

Json = dict[str, Any]

COVERS = tuple(f"cover-{number}" for number in range(1, 7))
MOST_ARTICLES = 60

_BUTTON_KINDS = {
    "callback_data": "callback",
    "url": "url",
    "copy_text": "copy",
    "switch_inline_query": "query",
    "switch_inline_query_current_chat": "query",
    "switch_inline_query_chosen_chat": "query",
}


def session(run: str, telegram: Telegram, site: Newsroom) -> Json:
    """Who and what there is: does not change while the server runs."""
    account = telegram.bot.user
    return {
        "run": run,
        "bot": {"id": account.id, "name": account.first_name, "username": account.username},
        "site": {
            "url": site.url,
            "title": SITE_TITLE,
            "sections": [{"slug": slug, "title": title} for slug, title in site.sections.items()],
            "covers": [{"name": name, "url": f"{site.url}/media/{name}.png"} for name in COVERS],
        },
    }


def chat(telegram: Telegram, room: Person | Group, *, gallery: bool) -> Json:
    """A chat of the list, with the menu as the person in it sees it, in a group its owner."""
    if isinstance(room, Person):
        people, title, language = [room], room.name, room.user.language
        started, blocked = room.chat.started, room.chat.bot == "kicked"
        description = telegram.description_for(language)
    else:
        people, title, language = room.members, room.title, None
        started, blocked = True, room.chat.bot in {"left", "kicked"}
        description = ""
    return {
        "id": room.id,
        "kind": room.chat.kind,
        "title": title,
        "language": language,
        "started": started,
        "blocked": blocked,
        "description": description,
        "members": [
            {"id": person.id, "name": person.name, "owner": person is people[0]}
            for person in people
        ],
        "commands": telegram.commands_for(room, people[0]),
        "gallery": gallery,
    }


def messages(changed: Iterable[Message], rooms: Container[int], site: Newsroom) -> list[Json]:
    """Those of some messages that are in the chats of the page, in each chat oldest first.

    They come in the order of their last change, in which an edited one follows newer ones.
    """
    shown = sorted((each for each in changed if each.chat.id in rooms), key=lambda each: each.id)
    return [message(each, site) for each in shown]


def message(message: Message, site: Newsroom) -> Json:
    """A message as it stands."""
    where = {"chat": message.chat.id, "id": message.id}
    if message.deleted:
        return {**where, "deleted": True}
    content = message.content
    rich = content.get("rich_message")
    text = message.text
    given = content.get("entities") or content.get("caption_entities") or []
    entities = [] if rich else drawn_entities(text, given)
    can_preview = rich is None and "photo" not in content
    options = content.get("link_preview_options")
    return {
        **where,
        "date": message.date,
        "edited": message.edit_date,
        "deleted": False,
        "from": _sender(message),
        "text": text,
        "entities": entities,
        "silent": message.silent,
        "reply_to": message.reply_to,
        "service": _service(message),
        "photo": _photo(content),
        "preview": preview(text, entities, options, site) if can_preview else None,
        "keyboard": [
            [_button(fields) for fields in row]
            for row in (message.markup or {}).get("inline_keyboard", [])
        ],
        "rich": rich and {"blocks": rich["blocks"], "is_rtl": bool(rich.get("is_rtl"))},
    }


def _sender(message: Message) -> Json:
    if message.sender is None:  # a post in the name of its channel
        return {"id": message.chat.id, "name": message.chat.title, "bot": True}
    sender = message.sender
    return {"id": sender.id, "name": sender.first_name, "bot": sender.is_bot}


def _service(message: Message) -> str | None:
    content = message.content
    if any(member["is_bot"] for member in content.get("new_chat_members", [])):
        return "bot_added"
    if content.get("left_chat_member", {}).get("is_bot"):
        return "bot_removed"
    return None


def _photo(content: Json) -> Json | None:
    if "photo" not in content:
        return None
    return {
        "url": f"/files/{content['photo'][-1]['file_id']}",
        "spoiler": bool(content.get("has_media_spoiler")),
        "caption_above": bool(content.get("show_caption_above_media")),
    }


def _button(fields: Json) -> Json:
    return {
        "text": fields["text"],
        "kind": next((kind for name, kind in _BUTTON_KINDS.items() if name in fields), "other"),
        "url": fields.get("url"),
        "copy": fields.get("copy_text", {}).get("text"),
        "style": fields.get("style"),
    }


# --- The site -------------------------------------------------------------------------------------


def article(article: Article, sections: dict[str, str]) -> Json:
    """An article as the newsroom's side shows it."""
    return {
        "slug": article.slug,
        "url": article.url,
        "title": article.title,
        "lead": article.lead,
        "section": article.section,
        "section_title": sections[article.section],
        "image": article.image,
        "language": article.language,
        "published": _unix(article.published),
        "corrected": _unix(article.corrected),
        "text": _markup(article.body_html),
    }


def articles(site: Newsroom) -> Json:
    """The parts about what the site shows."""
    shown = site.articles()
    return {
        "articles": [article(each, site.sections) for each in shown[:MOST_ARTICLES]],
        "articles_total": len(shown),
    }


def feed(site: Newsroom) -> Json:
    """What is wrong with the site's feeds."""
    return {"fault": None if site.feed_fault is None else str(site.feed_fault)}


@lru_cache(maxsize=4 * MOST_ARTICLES)
def _markup(body_html: str) -> str | None:
    return to_markup(body_html)


def _unix(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())

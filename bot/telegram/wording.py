"""How Telegram words its refusals: the one place that knows the words."""

from __future__ import annotations

import re


def _beginning(*words: str) -> re.Pattern[str]:
    """A description that begins so, behind whatever prefixes."""
    return re.compile(rf"(?:^|: )(?:{'|'.join(map(re.escape, words))})", re.IGNORECASE)


# What follows "Bad Request: " or "Forbidden: ". The code is no part of it, for the same words have
# come with 400 and with 403. Words in the middle do not count: a description may quote an address
# of ours, and REPLY_MESSAGE_ID_INVALID is not MESSAGE_ID_INVALID.
# https://github.com/tdlib/telegram-bot-api (Client.cpp), https://github.com/tdlib/td
GONE = _beginning(
    "bot was blocked by the user",
    "user is deactivated",
    "bot can't initiate conversation with a user",
    "bot can't send messages to bots",
    "the bot can't send messages to the bot",
    "bot was kicked from the",
    "bot is not a member of the",
    "the group chat was deleted",
    "chat_write_forbidden",
    "chat_send_plain_forbidden",
    "channel_private",
    "chat_restricted",
    "have no write access",
    "need administrator rights",
    "not enough rights to send text messages",
)
MISSING = _beginning("chat not found", "private chat not found", "peer_id_invalid")
UNDELIVERABLE = _beginning("allow_payment_required", "privacy_premium_required")
TOPIC_GONE = _beginning(
    "message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid"
)
STOP = _beginning("frozen_method_invalid", "logged out")
REFUSED = _beginning(
    "can't parse entities",
    "can't parse messageentity",
    "can't parse inline keyboard button",
    "inline keyboard button",
    "text buttons are unallowed",
    "message is too long",
    "message_too_long",
    "message caption is too long",
    "media_caption_too_long",
    "text is too long",
    "message text is empty",
    "message_empty",
    "text must be",
    "strings must be encoded in utf-8",
    "entities_too_long",
    "entity_",
    "reply markup is too long",
    "reply_markup_",
    "button_",
    "url host is empty",
    "rich_",
)
# The picture, whichever chat it is sent to.
PICTURE = _beginning(
    "failed to get http url content",
    "wrong type of the web page content",
    "webpage_",
    "wrong http url specified",
    "can't parse link preview options",
    "can't upload file by url",
    "wrong file identifier",
    "wrong remote file identifier",
    "wrong file_id",
    "can't use file of type",
    "photo_",
    "photo has unsupported extension",
    "image_process_failed",
    "media_empty",
    "media_invalid",
    "file is too big",
    "file must be non-empty",
    "group send failed",
    "failed to send message #",
    "can't use the media",
)
# Any picture in this chat: "... photos to the chat". Text messages are among GONE.
PICTURE_HERE = _beginning(
    "not enough rights to send",
    "chat_send_media_forbidden",
    "chat_send_photos_forbidden",
)
# Of two conflicts, the one with a webhook; the other is with whoever asks for updates, too.
WEBHOOK = re.compile("webhook", re.IGNORECASE)
UNCHANGED = _beginning("message is not modified", "message to delete not found")
UNEDITABLE = _beginning(
    "message to edit not found",
    "message can't be edited",
    "message media can't be edited",
    "message can't be deleted",
    "message_id_invalid",
    "message_author_required",
    "message_edit_time_expired",
    "there is no text in the message to edit",
    "there is no caption in the message to edit",
    "there is no media in the message to edit",
)

_WAIT = re.compile(r"(?:^|: )too many requests(?:.*?retry after (\d+))?", re.IGNORECASE | re.DOTALL)
_UNTOLD_SECONDS = 5  # what the Bot API server asks for where it drops a request (Query.h)


def wait_asked(description: str) -> int | None:
    """The whole seconds that a flood limit's description asks to wait; None for any other."""
    found = _WAIT.search(description)
    if found is None:
        return None
    return max(1, int(found[1])) if found[1] else _UNTOLD_SECONDS

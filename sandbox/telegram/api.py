"""A call of a method: checked, let through or refused, and carried out in the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.telegram import asking, editing, menu, sending
from sandbox.telegram.errors import ApiError, conflict
from sandbox.telegram.floods import Floods
from sandbox.telegram.ledger import Request
from sandbox.telegram.methods import EDITS, METHODS, SENDS
from sandbox.telegram.methods import read_params as read
from sandbox.telegram.schema import Upload
from sandbox.telegram.webhooks import Webhook
from sandbox.telegram.world import World

Json = dict[str, Any]

_HANDLERS: Mapping[str, Callable[[World, Json], Any]] = {
    "getMe": menu.get_me,
    "setMyCommands": menu.set_my_commands,
    "getMyCommands": menu.get_my_commands,
    "deleteMyCommands": menu.delete_my_commands,
    "setMyName": menu.set_my_name,
    "getMyName": menu.get_my_name,
    "setMyDescription": menu.set_my_description,
    "getMyDescription": menu.get_my_description,
    "setMyShortDescription": menu.set_my_short_description,
    "getMyShortDescription": menu.get_my_short_description,
    "setChatMenuButton": menu.set_chat_menu_button,
    "getChatMenuButton": menu.get_chat_menu_button,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendRichMessage": sending.send_rich_message,
    "sendChatAction": sending.send_chat_action,
    "copyMessage": sending.copy_message,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "setMessageReaction": editing.set_message_reaction,
    "answerCallbackQuery": asking.answer_callback_query,
    "answerInlineQuery": asking.answer_inline_query,
    "getChat": asking.get_chat,
    "getChatMember": asking.get_chat_member,
    "getChatAdministrators": asking.get_chat_administrators,
    "leaveChat": asking.leave_chat,
}


class Api:
    """What stands behind the socket."""

    def __init__(self, world: World, floods: Floods) -> None:
        self.world = world
        self.webhook = Webhook(world)
        self._floods = floods
        self._logged_out = False

    def check(
        self, request: Request, raw: Mapping[str, object], files: Mapping[str, Upload]
    ) -> None:
        """Read the parameters of a call into the request.

        Raises:
            ApiError: there is no such method, or it is misused.
        """
        if self._logged_out:
            raise ApiError(400, "Logged out")
        method = METHODS.get(request.method)
        if method is None:
            raise ApiError(404, "Not Found: method not found", breach="contract")
        request.params = read(method, raw, files)
        chat_id = request.params.get("chat_id")
        request.chat_id = chat_id if isinstance(chat_id, int) else None

    async def call(self, request: Request) -> object:
        """Carry out a checked call.

        Raises:
            ApiError: Telegram refuses it.
        """
        if request.method in SENDS | EDITS:
            self._floods.check(self.world.chats.get(request.chat_id or 0))
        if request.method == "getUpdates":
            return await self._get_updates(request.params)
        handler = _HANDLERS.get(request.method)
        result = self._control(request) if handler is None else handler(self.world, request.params)
        request.accepted = True
        if isinstance(result, dict):
            request.message_id = result.get("message_id")
        return result

    async def _get_updates(self, params: Json) -> list[Json]:
        if self.webhook.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first"
            )
        updates = self.world.updates
        updates.allow(params.get("allowed_updates"))
        return await updates.poll(
            params.get("offset", 0), params.get("limit", 100), params.get("timeout", 0)
        )

    def _control(self, request: Request) -> object:
        match request.method:
            case "setWebhook":
                return self.webhook.set(request.params)
            case "deleteWebhook":
                return self.webhook.delete(request.params)
            case "getWebhookInfo":
                return self.webhook.info()
            case "logOut":
                self._logged_out = True
                return True
            case "close":
                return True
        raise AssertionError(f"{request.method} is in the table and nowhere else")

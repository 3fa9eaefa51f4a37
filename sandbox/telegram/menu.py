"""Methods about the bot itself: its name, descriptions, commands and menu button."""

from __future__ import annotations

import re
from typing import Any

from sandbox.telegram import access
from sandbox.telegram.errors import bad_request
from sandbox.telegram.world import World

Json = dict[str, Any]

COMMAND_LIMIT = 100
SCOPES = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}


def get_me(world: World, _params: Json) -> Json:
    """``getMe``: https://core.telegram.org/bots/api#getme."""
    return world.bot.user.json() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def set_my_commands(world: World, params: Json) -> bool:
    """``setMyCommands``: https://core.telegram.org/bots/api#setmycommands."""
    commands = params["commands"]
    if len(commands) > COMMAND_LIMIT:
        raise bad_request("BOT_COMMANDS_TOO_MUCH", breach="content")
    for command in commands:
        _check_command(command)
    world.bot.commands[_scope(world, params), _language(params)] = commands
    world.changes.announce()
    return True


def get_my_commands(world: World, params: Json) -> list[Json]:
    """``getMyCommands``; an empty list where none are set for exactly this scope and language."""
    return world.bot.commands.get((_scope(world, params), _language(params)), [])


def delete_my_commands(world: World, params: Json) -> bool:
    """``deleteMyCommands``: https://core.telegram.org/bots/api#deletemycommands."""
    world.bot.commands.pop((_scope(world, params), _language(params)), None)
    world.changes.announce()
    return True


def set_my_name(world: World, params: Json) -> bool:
    """``setMyName``: 0 to 64 characters."""
    return _set(world, world.bot.names, params, "name", 64)


def get_my_name(world: World, params: Json) -> Json:
    """``getMyName``, falling back to the account's own name."""
    return {"name": _get(world.bot.names, params) or world.bot.user.first_name}


def set_my_description(world: World, params: Json) -> bool:
    """``setMyDescription``: 0 to 512 characters."""
    return _set(world, world.bot.descriptions, params, "description", 512)


def get_my_description(world: World, params: Json) -> Json:
    """``getMyDescription``."""
    return {"description": _get(world.bot.descriptions, params)}


def set_my_short_description(world: World, params: Json) -> bool:
    """``setMyShortDescription``: 0 to 120 characters."""
    return _set(world, world.bot.short_descriptions, params, "short_description", 120)


def get_my_short_description(world: World, params: Json) -> Json:
    """``getMyShortDescription``."""
    return {"short_description": _get(world.bot.short_descriptions, params)}


def set_chat_menu_button(world: World, params: Json) -> bool:
    """``setChatMenuButton``: https://core.telegram.org/bots/api#setchatmenubutton."""
    button = params.get("menu_button", {"type": "default"})
    needs = {"default": set(), "commands": set(), "web_app": {"text", "web_app"}}
    if button["type"] not in needs:
        raise bad_request(
            "can't parse menu button: MenuButton has unsupported type", breach="contract"
        )
    if missing := needs[button["type"]] - button.keys():
        raise bad_request(
            f"can't parse menu button: Can't find field \"{min(missing)}\"", breach="contract"
        )
    world.bot.menu_buttons[_menu_chat(world, params)] = button
    world.changes.announce()
    return True


def get_chat_menu_button(world: World, params: Json) -> Json:
    """``getChatMenuButton``."""
    buttons = world.bot.menu_buttons
    return buttons.get(_menu_chat(world, params)) or buttons.get(0) or {"type": "default"}


def _menu_chat(world: World, params: Json) -> int:
    chat_id: int = params.get("chat_id", 0)
    if chat_id and access.to_look(world, chat_id).kind != "private":
        raise bad_request("chat not found")
    return chat_id


def _check_command(command: Json) -> None:
    name = command["command"].strip().removeprefix("/")
    description = command["description"].strip()
    if not name:
        raise bad_request("command must be non-empty", breach="content")
    if len(name) > 32:
        raise bad_request("command length must not exceed 32", breach="content")
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise bad_request("BOT_COMMAND_INVALID", breach="content")
    if not description:
        raise bad_request("command description must be non-empty", breach="content")
    if len(description) > 256:
        raise bad_request("command description length must not exceed 256", breach="content")


def _scope(world: World, params: Json) -> str:
    """A scope as one key, such as ``default`` or ``chat_member:-5:1001``."""
    scope = params.get("scope", {"type": "default"})
    needed = SCOPES.get(scope["type"])
    if needed is None or scope.keys() - {"type"} != set(needed):
        raise bad_request(
            "can't parse BotCommandScope: Unsupported type specified", breach="contract"
        )
    if "chat_id" in needed:
        scope = {**scope, "chat_id": world.chat(scope["chat_id"]).id}
    return ":".join([scope["type"], *(str(scope[name]) for name in needed)])


def _language(params: Json) -> str:
    code: str = params.get("language_code", "")
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad_request("invalid language code specified", breach="content")
    return code


def _set(world: World, values: dict[str, str], params: Json, name: str, limit: int) -> bool:
    value = params.get(name, "")
    if len(value) > limit:
        raise bad_request(f"{name} is too long: {len(value)} of {limit}", breach="content")
    values[_language(params)] = value
    world.changes.announce()
    return True


def _get(values: dict[str, str], params: Json) -> str:
    return values.get(_language(params)) or values.get("", "")

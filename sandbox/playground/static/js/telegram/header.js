/** The head of a conversation: with whom it is, on whose phone, and the menu. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../store.js";
import { avatar } from "./avatar.js";
import { block } from "./deeds.js";
import { drawn } from "./icons.js";
import { openMenu } from "./menu.js";
import { closeChat } from "./opened.js";

/** Draws the head for a chat. */
export function drawHeader(element, chat) {
  const { bot } = get("session");
  const alone = chat.kind === "private";
  const title = alone ? bot.name : chat.title;
  fill(element,
    h("button", { class: "round flat back", type: "button", "aria-label": t("telegram.back"), onclick: closeChat },
      drawn("back")),
    avatar(alone ? bot.id : chat.id, title),
    h("div", { class: "head-names" },
      h("h2", { class: "head-title" }, title),
      h("p", { class: "head-under" },
        alone ? t("telegram.bot") : t("telegram.members", { count: chat.members.length + Number(!chat.blocked) }))),
    alone && !chat.gallery && phone(chat),
    menuButton(chat));
}

/** Several readers share this page; this says whose telephone is on the screen. */
function phone(chat) {
  const owner = chat.members[0]?.name ?? chat.title;
  return h("p", { class: "head-phone" },
    drawn("phone"),
    h("span", { class: "unseen" }, `${t("telegram.phone_of")} `),
    h("span", { class: "head-owner" }, owner),
    chat.language && h("span", { class: "lang-tag" }, chat.language));
}

function menuButton(chat) {
  const button = h("button", { class: "round flat head-menu", type: "button", "aria-haspopup": "menu",
    "aria-expanded": "false", "aria-label": t("telegram.chat_menu"),
    onclick: () => openMenu(button, t("telegram.chat_menu"), [blocking(chat)]) }, drawn("more"));
  return button;
}

function blocking({ id, kind, blocked }) {
  const [away, back] = kind === "private" ? ["block", "unblock"] : ["remove", "bring_back"];
  return { label: [drawn(blocked ? "bot" : "block"), t(`telegram.${blocked ? back : away}`)], danger: !blocked,
    act: () => block(id, !blocked) };
}

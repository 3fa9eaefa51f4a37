/** The open chat: head, messages, and where the reader writes. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { get, messagesOf, put, watch } from "../store.js";
import { Composer } from "./composer.js";
import { chatOf, speaker } from "./deeds.js";
import { drawHeader } from "./header.js";
import { drawn } from "./icons.js";
import { Log } from "./log.js";
import { closeChat, isNarrow } from "./opened.js";

let current = null;

/** Builds the place of the conversation and keeps it true. */
export function startConversation() {
  const element = h("section", { class: "conversation" });
  document.addEventListener("keydown", (event) => leave(event, element));
  watch(["chats", "open", "session", "language", "speakers"], () => drawChat(element));
  watch(["messages"], () => current?.log.show(messagesOf(current.chat.id)));
  watch(["chats", "entered"], takeFocus);
  return element;
}

function drawChat(element) {
  const chat = get("session") && chatOf(get("open"));
  if (!chat) return drawNothing(element);
  const key = JSON.stringify([chat.id, get("session").run, get("language"), speaker(chat).id, chat.language]);
  if (current?.key !== key) build(element, chat, key);
  else if (current.chat !== chat) update(chat);
}

function drawNothing(element) {
  current?.log.close();
  current = null;
  element.removeAttribute("aria-label");
  fill(element, h("div", { class: "nothing-open" }, h("p", {}, drawn("chats"), t("telegram.choose_chat"))));
}

function build(element, chat, key) {
  current?.log.close();
  const place = { chat: chat.id, language: chat.language ?? get("language"), group: chat.kind !== "private",
    speaker: speaker(chat).id };
  const held = element.contains(document.activeElement);
  current = { key, chat, header: h("header", { class: "head" }), card: h("div", { class: "about", hidden: true }),
    log: new Log(place), composer: new Composer(chat) };
  current.log.show(messagesOf(chat.id));
  element.setAttribute("aria-label", t("telegram.conversation", { name: chat.title }));
  fill(element, current.header, current.log.element, current.card, current.composer.element);
  drawAround(chat);
  current.composer.shown();
  current.log.shown();
  if (held) current.composer.focus();
}

function update(chat) {
  const before = current.chat;
  current.chat = chat;
  if (JSON.stringify(before) === JSON.stringify(chat)) return;
  const held = current.log.element.parentElement.contains(document.activeElement);
  current.composer.update(chat);
  drawAround(chat);
  const changed = before.started !== chat.started || before.blocked !== chat.blocked;
  if (changed && held) current.composer.focus();
}

function drawAround(chat) {
  drawHeader(current.header, chat);
  const fresh = chat.kind === "private" && !chat.started && !messagesOf(chat.id).length;
  current.card.hidden = !fresh;
  fill(current.card, fresh && chat.description && h("div", { class: "about-card", lang: chat.language },
    h("p", { class: "about-title" }, t("telegram.what_can")), h("p", {}, chat.description)));
}

/** Moves the focus into a chat that a person has opened, not into one that a reload has. */
function takeFocus() {
  if (!current || get("entered") !== current.chat.id) return;
  put({ entered: null });
  current.composer.focus();
}

/** In the narrow form Escape leads back to the list, unless it closes something nearer. */
function leave({ key, target }, element) {
  const here = target === document.body || element.contains(target);
  if (key !== "Escape" || !here || !isNarrow() || !element.checkVisibility()) return;
  if (!document.querySelector(":popover-open, dialog[open]")) closeChat();
}

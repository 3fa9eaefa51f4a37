/** The list of chats. */

import { attempt } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { get, messagesOf, put, watch } from "../store.js";
import { avatar } from "./avatar.js";
import { excerpt } from "./entities.js";
import { drawn } from "./icons.js";
import { openMenu } from "./menu.js";
import { openChat } from "./opened.js";
import { serviceText } from "./service_line.js";
import { brief } from "./times.js";
import { unread } from "./unread.js";

/** Those for which the playground has names; the bot answers in English where it does not speak one. */
const LANGUAGES = ["ru", "en", "de", "es", "kk"];
const entries = new Map();
const born = new Map();

/** Builds the list and keeps it true. */
export function startChats() {
  const title = h("h2", { class: "chats-title" });
  const add = h("button", { class: "new-reader", type: "button", "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: () => chooseLanguage(add) });
  const list = h("ul", { class: "chats-list", onkeydown: move });
  const element = h("nav", { class: "chats" }, h("div", { class: "chats-head" }, title, add), list);
  watch(["language"], () => {
    title.textContent = t("telegram.chats");
    element.setAttribute("aria-label", t("telegram.chats"));
    add.setAttribute("aria-label", t("telegram.new_reader"));
    fill(add, drawn("person_plus"), h("span", {}, t("telegram.new_reader")));
  });
  watch(["chats", "messages", "seen", "open", "language"], () => get("chats") && drawList(list));
  return element;
}

function chooseLanguage(button) {
  openMenu(button, t("telegram.reader_language"), LANGUAGES.map((code) => ({
    label: [h("span", {}, ownName(code)), h("span", { class: "lang-tag" }, code)],
    lang: code, act: () => addReader(code),
  })));
}

/** The chat is opened as soon as the live stream has brought it. */
async function addReader(language) {
  const answer = await attempt("reader", { language });
  if (!answer) return;
  const stop = watch(["chats"], () => {
    if (!get("chats").some(({ id }) => id === answer.chat)) return;
    queueMicrotask(() => stop());
    put({ entered: answer.chat });
    openChat(answer.chat);
  });
}

function ownName(code) {
  const name = new Intl.DisplayNames(code, { type: "language" }).of(code);
  return name[0].toUpperCase() + name.slice(1);
}

function drawList(list) {
  const chats = sorted(get("chats"));
  const held = list.contains(document.activeElement) ? document.activeElement : null;
  const items = chats.map(item);
  for (const [id, { element }] of entries) {
    if (chats.some((chat) => chat.id === id)) continue;
    element.remove();
    entries.delete(id);
  }
  if (items.some((element, index) => list.children[index] !== element)) list.append(...items);
  if (held?.isConnected) held.focus({ preventScroll: true });
}

/** As in Telegram the latest message is on top; the samples stay at the end. */
function sorted(chats) {
  const first = born.size === 0;
  for (const { id } of chats) if (!born.has(id)) born.set(id, first ? 0 : Date.now() / 1000);
  const age = (chat) => messagesOf(chat.id).at(-1)?.date ?? born.get(chat.id);
  return [...chats].sort((one, other) => one.gallery - other.gallery || age(other) - age(one));
}

/** The list entry of a chat, drawn anew only where it differs. */
function item(chat) {
  const shown = picture(chat);
  const known = entries.get(chat.id);
  const written = JSON.stringify(shown);
  if (known?.written === written) return known.element;
  const element = known?.element ?? h("li", {}, h("button", { class: "chat", type: "button",
    dataset: { chat: chat.id }, onclick: () => { put({ entered: chat.id }); openChat(chat.id); } }));
  element.classList.toggle("apart", chat.gallery);
  const button = element.firstElementChild;
  button.setAttribute("aria-current", String(shown.open));
  fill(button, chat.gallery ? h("span", { class: "avatar samples", "aria-hidden": "true" }, drawn("picture"))
    : avatar(chat.id, chat.title), lines(shown));
  entries.set(chat.id, { element, written });
  return element;
}

function picture(chat) {
  const last = messagesOf(chat.id).at(-1);
  return {
    title: chat.title, language: chat.kind === "private" && !chat.gallery && chat.language, blocked: chat.blocked,
    open: get("open") === chat.id, unread: unread(chat.id), page: get("language"),
    time: last && brief(last.date), silent: Boolean(last?.silent), text: last ? said(last) : t("telegram.no_messages"),
    writer: last && !last.from.bot && !last.service && (chat.kind === "private" ? t("telegram.you") : last.from.name),
  };
}

function lines(shown) {
  return h("span", { class: "chat-lines" },
    h("span", { class: "chat-line" },
      h("span", { class: "chat-title" }, shown.title),
      shown.language && h("span", { class: "lang-tag" }, shown.language),
      shown.time && h("span", { class: "chat-time" }, shown.time)),
    h("span", { class: "chat-line" },
      h("span", { class: "chat-text" },
        shown.writer && h("span", { class: "chat-writer" }, `${shown.writer}: `), shown.text),
      shown.silent && mark("bell_off", t("telegram.silent")),
      shown.blocked && mark("block", t("telegram.blocked")),
      shown.unread > 0 && h("span", { class: "badge" }, shown.unread,
        h("span", { class: "unseen" }, ` ${t("telegram.unread", { count: shown.unread })}`))));
}

function mark(name, words) {
  return h("span", { class: `chat-mark ${name}`, title: words }, drawn(name), h("span", { class: "unseen" }, words));
}

function said(message) {
  if (message.service) return serviceText(message);
  return excerpt(message.text, message.entities) || t("telegram.photo");
}

function move(event) {
  const buttons = [...event.currentTarget.querySelectorAll(".chat")];
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  buttons[Math.min(Math.max(to, 0), buttons.length - 1)].focus();
}

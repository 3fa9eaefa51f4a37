/** Where a reader writes: the text field with the bot's commands, or the one button that the chat offers instead. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { put } from "../store.js";
import { avatar } from "./avatar.js";
import { Commands } from "./commands.js";
import { block, chooseSpeaker, say, speaker } from "./deeds.js";
import { drawn } from "./icons.js";
import { openMenu } from "./menu.js";

const drafts = new Map();
const touch = matchMedia("(pointer: coarse)");

export class Composer {
  #chat;
  #field = h("textarea", { class: "writing", rows: "1", maxlength: "4096", enterkeyhint: "send", autocomplete: "off",
    oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onblur: () => this.#commands.close() });
  #commands = new Commands(this.#field, (command, send) => (send ? this.#send(command) : this.#write(`${command} `)));
  #menu = h("button", { class: "commands-button", type: "button", onclick: () => this.#toggleMenu(),
    // The field keeps the focus, so that the arrow keys work in the list at once.
    onmousedown: (event) => event.preventDefault() });
  #voice = h("button", { class: "voice", type: "button", "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: () => this.#chooseVoice() });
  #sendButton = h("button", { class: "round send", type: "submit" }, drawn("send"));
  #form = h("form", { class: "composer", onsubmit: (event) => this.#submit(event) },
    this.#menu, this.#voice, this.#field, this.#sendButton);
  #instead = h("div", { class: "composer instead" });

  constructor(chat) {
    this.#chat = chat;
    this.#field.value = drafts.get(chat.id) ?? "";
    this.#commands.element.addEventListener("mousedown", (event) => event.preventDefault());
    this.element = h("div", { class: "composer-area" }, this.#commands.element, this.#form, this.#instead);
    this.update(chat);
  }

  /** Takes its height once it stands on the page; a draft may have several lines. */
  shown() {
    this.#resize();
  }

  /** Shows what the chat offers now. */
  update(chat) {
    this.#chat = chat;
    const single = singleDeed(chat);
    this.#form.hidden = Boolean(single);
    this.#instead.hidden = !single;
    if (single) fill(this.#instead, bigButton(single));
    this.#commands.all = chat.commands;
    this.#menu.hidden = !chat.commands.length;
    fill(this.#menu, drawn("menu"), h("span", {}, t("telegram.menu")));
    this.#menu.setAttribute("aria-label", t("telegram.menu_label"));
    this.#sendButton.setAttribute("aria-label", t("telegram.send"));
    this.#field.setAttribute("aria-label", t("telegram.writing"));
    this.#field.placeholder = t("telegram.writing");
    this.#drawVoice();
  }

  /** Moves the focus to where the reader goes on; not on touch, where a keyboard would cover the half. */
  focus() {
    if (touch.matches) return;
    (this.#instead.hidden ? this.#field : this.#instead.firstElementChild).focus({ preventScroll: true });
  }

  #drawVoice() {
    this.#voice.hidden = this.#chat.kind === "private";
    const { id, name } = speaker(this.#chat);
    fill(this.#voice, avatar(id, name, "small"), drawn("chevron"));
    this.#voice.setAttribute("aria-label", t("telegram.speaks", { name }));
  }

  #chooseVoice() {
    const now = speaker(this.#chat);
    openMenu(this.#voice, t("telegram.who_speaks"), this.#chat.members.map(({ id, name, owner }) => ({
      label: [avatar(id, name, "small"), h("span", {}, name),
        owner && h("span", { class: "lang-tag" }, t("telegram.owner"))],
      checked: id === now.id, act: () => chooseSpeaker(this.#chat, id),
    })));
  }

  #toggleMenu() {
    if (this.#commands.open) this.#commands.close();
    else {
      if (!touch.matches) this.#field.focus();
      this.#commands.showAll();
    }
  }

  #typed() {
    drafts.set(this.#chat.id, this.#field.value);
    this.#commands.complete(this.#field.value);
    this.#resize();
  }

  #key(event) {
    if (this.#commands.key(event) || event.isComposing) return;
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.#send(this.#field.value);
  }

  #write(text) {
    this.#field.value = text;
    this.#typed();
    this.#commands.close();
    if (!touch.matches) this.#field.focus();
  }

  #submit(event) {
    event.preventDefault();
    this.#send(this.#field.value);
  }

  /** A text that is refused comes back to the field. */
  async #send(text) {
    if (!text.trim()) return;
    this.#write("");
    if (!await say(this.#chat.id, text) && !this.#field.value) this.#write(text);
  }

  /** The field is as high as its text; empty it has its one row. */
  #resize() {
    this.#field.style.height = "";
    if (this.#field.value) this.#field.style.height = `${this.#field.scrollHeight}px`;
  }
}

function singleDeed({ id, kind, blocked, started }) {
  if (blocked && kind === "private") return { words: "telegram.unblock", act: () => block(id, false) };
  if (blocked) return { words: "telegram.bring_back", act: () => block(id, false) };
  if (kind === "private" && !started) return { words: "telegram.start", act: () => start(id) };
  return null;
}

async function start(id) {
  if (await say(id, "/start")) put({ entered: id });
}

function bigButton({ words, act }) {
  return h("button", { class: "big-button", type: "button", onclick: act }, t(words));
}

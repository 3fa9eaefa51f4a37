/** One message on the screen; an edit replaces only the parts that differ. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { messageIn } from "./deeds.js";
import { avatar, colour } from "./avatar.js";
import { excerpt, formatted } from "./entities.js";
import { drawn } from "./icons.js";
import { drawKeyboard } from "./keyboard.js";
import { photo, preview } from "./media.js";
import { openAgain, openQuotes } from "./quote.js";
import { richContent } from "./rich.js";
import { openSections, sectionsAgain } from "./rich_details.js";
import { revealAgain, revealedTexts } from "./spoiler.js";
import { clock } from "./times.js";

const PARTS = ["sender", "reply", "above", "text", "below", "rich", "meta"];

export class Bubble {
  #place;
  #drawn = {};
  #parts = Object.fromEntries(PARTS.map((name) => [name, h("div", { class: `part ${name}`, hidden: true })]));
  #body = h("div", { class: "bubble" }, Object.values(this.#parts));
  #keyboard = h("div", { class: "keyboard", hidden: true });

  /**
   * @param {{chat: number, language: string, group: boolean, speaker: number}} place
   * @param {object} message
   */
  constructor(place, message) {
    this.#place = place;
    this.message = message;
    this.element = h("article", { class: this.#looks(), tabindex: "-1", dataset: { message: message.id } },
      this.#body, this.#keyboard);
    if (place.group && !this.#own()) this.#body.append(avatar(message.from.id, message.from.name, "small"));
    this.#draw();
  }

  /** Shows the message as it is now; true when more than its buttons has changed. */
  update(message) {
    const before = content(this.message);
    this.message = message;
    this.#draw();
    return before !== content(message);
  }

  /** Marks whether the message begins and ends a run of messages of one sender. */
  group(first, last) {
    this.element.classList.toggle("first", first);
    this.element.classList.toggle("last", last);
    this.#part("sender", first && this.#place.group && !this.#own() ? this.message.from : null, (from) =>
      h("span", { class: "sender-name", "data-colour": colour(from.id) }, from.name));
  }

  #draw() {
    const { message } = this;
    const held = this.#body.contains(document.activeElement);
    const [quotes, texts, sections] = [openQuotes, revealedTexts, openSections].map((kept) => kept(this.#body));
    this.#drawParts(message);
    openAgain(this.#body, quotes);
    revealAgain(this.#body, texts);
    sectionsAgain(this.#body, sections);
    if (held && !this.#body.contains(document.activeElement)) this.element.focus({ preventScroll: true });
    this.element.setAttribute("aria-label", this.#name());
    this.element.classList.toggle("wide", Boolean(message.rich));
    this.element.classList.toggle("only-picture", Boolean(message.photo && !message.text));
    if (this.#changed("keyboard", message.keyboard)) {
      drawKeyboard(this.#keyboard, message.keyboard ?? [], this.#place, message.id);
    }
  }

  #drawParts(message) {
    const { above, below } = mediaSides(message);
    const meta = metaOf(message, this.#own());
    const last = below || message.rich || !message.text ? "meta" : "text";
    this.#part("reply", message.reply_to && replied(message), (shown) => replyLine(shown));
    this.#part("above", above, (shown) => this.#media(shown));
    this.#part("text", message.text && !message.rich && [message.text, message.entities, last === "text" && meta],
      ([text, entities]) => [formatted(text, entities, this.#place), last === "text" && metaLine(meta)]);
    this.#part("below", below, (shown) => this.#media(shown));
    this.#part("rich", message.rich, (rich) => richContent(rich, this.#place));
    this.#part("meta", last === "meta" && meta, metaLine);
  }

  #media({ photo: pictured, preview: previewed }) {
    return pictured ? photo(pictured) : preview(previewed, this.#place);
  }

  #part(name, content, draw) {
    if (!this.#changed(name, content || null)) return;
    const part = this.#parts[name];
    fill(part, content ? draw(content) : []);
    part.hidden = !content;
  }

  #changed(name, content) {
    const written = JSON.stringify(content ?? null);
    if (this.#drawn[name] === written) return false;
    this.#drawn[name] = written;
    return true;
  }

  #own() {
    const { from } = this.message;
    return !from.bot && (!this.#place.group || from.id === this.#place.speaker);
  }

  #looks() {
    if (this.#own()) return "message own";
    return this.#place.group ? "message with-avatar" : "message";
  }

  #name() {
    const { from, date, edited, silent } = this.message;
    return [from.name, clock(date), edited && t("telegram.edited"), silent && t("telegram.silent")]
      .filter(Boolean).join(", ");
  }
}

/** What a message says, to be compared; buttons that change tell of themselves where they are pressed. */
function content({ text, entities, photo: pictured, preview: previewed, rich }) {
  return JSON.stringify([text, entities, pictured, previewed, rich]);
}

/** Where the picture or the preview of a message stands. */
function mediaSides({ photo: pictured, preview: previewed }) {
  if (!pictured && !previewed) return { above: null, below: null };
  const media = { photo: pictured, preview: pictured ? null : previewed };
  const up = pictured ? !pictured.caption_above : previewed.above;
  return up ? { above: media, below: null } : { above: null, below: media };
}

function metaOf({ date, edited, silent }, own) {
  return { date, edited: Boolean(edited), silent, own };
}

function metaLine({ date, edited, silent, own }) {
  return h("span", { class: "meta-line" },
    silent && h("span", { class: "silent", title: t("telegram.silent") }, drawn("bell_off"),
      h("span", { class: "unseen" }, t("telegram.silent"))),
    edited && h("span", {}, t("telegram.edited")),
    h("time", { datetime: new Date(date * 1000).toISOString() }, clock(date)),
    own && drawn("checks"));
}

function replied({ chat, reply_to: id }) {
  const answered = messageIn(chat, id);
  return { id, name: answered?.from.name, text: answered && excerpt(answered.text, answered.entities) };
}

function replyLine({ id, name, text }) {
  return h("button", { class: "reply-line", type: "button", onclick: (event) => jump(event.currentTarget, id) },
    h("span", { class: "reply-name" }, name ?? t("telegram.deleted")), h("span", { class: "reply-text" }, text ?? ""));
}

function jump(from, id) {
  const target = from.closest(".log")?.querySelector(`[data-message="${id}"]`);
  target?.scrollIntoView({ block: "center" });
  target?.focus({ preventScroll: true });
  target?.classList.add("flash");
}

/** Formatting within a line, common to the entities of a text and to rich messages. */

import { h } from "../dom.js";
import { get } from "../store.js";
import { inlineCode } from "./code.js";
import { dateTime } from "./date_time.js";
import { say } from "./deeds.js";
import { link } from "./links.js";
import { spoiler } from "./spoiler.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", marked: "mark", subscript: "sub",
  superscript: "sup" };

/**
 * The element for a piece of formatted text, or its bare children for what has no look of its own.
 *
 * @param {{type: string}} piece a MessageEntity or a RichText object
 * @param {Node[]} children what it holds
 * @param {string} written its text as written
 * @param {{chat: number, language: string}} place
 */
export function inline(piece, children, written, place) {
  if (piece.type in TAGS) return h(TAGS[piece.type], {}, children);
  return SPECIAL[piece.type]?.(piece, children, written, place) ?? children;
}

const SPECIAL = {
  code: (_, children) => inlineCode(children),
  spoiler: (_, children) => spoiler(children),
  text_link: ({ url }, children, _, place) => link(url, place, {}, children),
  url: ({ url }, children, written, place) => link(url ?? written, place, {}, children),
  email: (_, children, written, place) => link(`mailto:${written}`, place, {}, children),
  email_address: ({ email_address: to }, children, _, place) => link(`mailto:${to}`, place, {}, children),
  phone_number: ({ phone_number: number }, children, written, place) =>
    link(`tel:${(number ?? written).replace(/[^\d+]/g, "")}`, place, {}, children),
  mention: ({ username }, children, written, place) => mention(username ?? written.slice(1), children, place),
  text_mention: (_, children) => h("span", { class: "like-link" }, children),
  hashtag: (_, children) => h("span", { class: "like-link" }, children),
  cashtag: (_, children) => h("span", { class: "like-link" }, children),
  bot_command: ({ bot_command: command }, children, written, place) =>
    h("button", { class: "like-link command", type: "button", onclick: () => say(place.chat, command ?? written) },
      children),
  date_time: (piece, children, _, place) => dateTime(piece, children, place.language),
};

function mention(username, children, place) {
  const ours = username.toLowerCase() === get("session").bot.username.toLowerCase();
  return ours ? h("span", { class: "like-link" }, children) : link(`https://t.me/${username}`, place, {}, children);
}

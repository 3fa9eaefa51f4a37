/** The inline text of rich messages: a string, a list of texts, or an object with a type. */

import { h } from "../dom.js";
import { inline } from "./inline.js";
import { anchor, anchorLink } from "./rich_anchors.js";
import { richButton } from "./rich_buttons.js";

/**
 * The nodes of a RichText.
 *
 * @param {any} text as in the Bot API
 * @param {{chat: number, language: string}} place
 * @returns {(Node|string)[]}
 */
export function richText(text, place) {
  if (text === null || text === undefined) return [];
  if (typeof text === "string") return [text];
  if (Array.isArray(text)) return text.flatMap((piece) => richText(piece, place));
  return [PIECES[text.type]?.(text, place) ?? inline(text, richText(text.text, place), plain(text.text), place)].flat();
}

/** The words of a RichText without any formatting. */
export function plain(text) {
  if (text === null || text === undefined) return "";
  if (typeof text === "string") return text;
  if (Array.isArray(text)) return text.map(plain).join("");
  return PLAIN[text.type]?.(text) ?? plain(text.text);
}

const PIECES = {
  anchor: ({ name }) => anchor(name),
  reference: ({ name, text }, place) => [anchor(name), ...richText(text, place)],
  anchor_link: ({ anchor_name: name, text }, place) => anchorLink(name, richText(text, place)),
  reference_link: ({ reference_name: name, text }, place) => anchorLink(name, richText(text, place)),
  button: ({ button }, place) => richButton(button, richText(button.text, place), place),
  custom_emoji: ({ alternative_text: emoji }) => emoji,
  mathematical_expression: ({ expression }) => h("code", { class: "inline-code" }, expression),
};

const PLAIN = {
  button: ({ button }) => plain(button.text),
  custom_emoji: ({ alternative_text: emoji }) => emoji,
  mathematical_expression: ({ expression }) => expression,
};

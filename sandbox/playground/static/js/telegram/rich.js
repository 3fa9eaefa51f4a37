/** Rich messages: https://core.telegram.org/bots/api#richmessage */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { codeBlock } from "./code.js";
import { drawn } from "./icons.js";
import { photo } from "./media.js";
import { expandableQuote } from "./quote.js";
import { anchor } from "./rich_anchors.js";
import { richButton } from "./rich_buttons.js";
import { details } from "./rich_details.js";
import { table } from "./rich_table.js";
import { plain, richText } from "./rich_text.js";

const BLOCKS = {
  paragraph: ({ text }, place) => h("p", {}, richText(text, place)),
  heading: ({ text, size }, place) =>
    h("div", { class: `rich-heading size-${size}`, role: "heading", "aria-level": String(size + 2) },
      richText(text, place)),
  pre: ({ text, language }, place) => codeBlock(richText(text, place), language),
  footer: ({ text }, place) => h("p", { class: "rich-footer" }, richText(text, place)),
  divider: () => h("hr"),
  anchor: ({ name }) => anchor(name),
  list: ({ items }, place) => list(items, place),
  blockquote: ({ blocks, credit }, place) =>
    h("blockquote", { class: "quote" }, drawBlocks(blocks, place), cite(credit, place)),
  expandable_blockquote: ({ text, credit }, place) =>
    expandableQuote(richText(text, place), credit && richText(credit, place)),
  pullquote: ({ text, credit }, place) =>
    h("blockquote", { class: "pull-quote" }, h("p", {}, richText(text, place)), cite(credit, place)),
  details: ({ summary, blocks, is_open: isOpen }, place) =>
    details(richText(summary, place), drawBlocks(blocks, place), isOpen),
  table,
  photo: (block, place) => figure(block, place),
  buttons: ({ buttons, align }, place) =>
    h("div", { class: `rich-buttons to-${align ?? "left"}` },
      buttons.map((button) => richButton(button, richText(button.text, place), place))),
  mathematical_expression: ({ expression }) => h("p", { class: "rich-math" }, h("code", {}, expression)),
};

/** The drawn blocks of a RichMessage. */
export function richContent({ blocks, is_rtl: rightToLeft }, place) {
  return h("div", { class: "rich-content", dir: rightToLeft ? "rtl" : "auto" }, drawBlocks(blocks, place));
}

function drawBlocks(blocks, place) {
  return (blocks ?? []).map((block) => BLOCKS[block.type]?.(block, place) ?? unknown(block));
}

function unknown({ type }) {
  return h("p", { class: "rich-unknown" }, t("telegram.unknown_block", { type }));
}

/** The labels are the bot's own text, so the list's own markers stay away. */
function list(items, place) {
  const ordered = items.some(({ value }) => value !== undefined && value !== null);
  return h(ordered ? "ol" : "ul", { class: "rich-list", role: "list" }, items.map((item) =>
    h("li", {}, label(item), h("div", { class: "rich-item" }, drawBlocks(item.blocks, place)))));
}

function label({ label: written, has_checkbox: hasBox, is_checked: isChecked }) {
  if (!hasBox) return h("span", { class: "rich-label" }, written);
  return h("span", { class: isChecked ? "rich-box checked" : "rich-box", role: "img",
    "aria-label": t(isChecked ? "telegram.checked" : "telegram.unchecked") }, isChecked && drawn("check"));
}

function figure({ photo: sizes, caption, has_spoiler: spoiler }, place) {
  const alt = plain(caption?.text) || t("telegram.photo");
  return h("figure", { class: "rich-figure" },
    photo({ url: `/files/${sizes.at(-1).file_id}`, spoiler, alt }),
    caption && h("figcaption", {}, richText(caption.text, place), cite(caption.credit, place)));
}

function cite(credit, place) {
  return credit && h("cite", { class: "quote-credit" }, richText(credit, place));
}

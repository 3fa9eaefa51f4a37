/** The plain markup of an article's text, and the small toolbar that writes it. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { bullets, heading, quote } from "./icons.js";

const MARKS = { heading: ["## ", heading], list: ["- ", bullets], quote: ["> ", quote] };
const ANY = /^(## |- |> )/;

/**
 * The lines from `start` to `end` with a mark before each, or without it where all have it; a block of its own.
 *
 * @param {string} text
 * @param {number} start selection, as of a textarea
 * @param {number} end
 * @param {string} mark
 * @returns {{from: number, to: number, lines: string}} what to put in the place of `text.slice(from, to)`
 */
export function marked(text, start, end, mark) {
  const from = text.slice(0, start).lastIndexOf("\n") + 1;
  const next = text.indexOf("\n", end);
  const to = next === -1 ? text.length : next;
  const lines = text.slice(from, to).split("\n");
  const all = lines.every((line) => line.startsWith(mark));
  const changed = lines.map((line) => (all ? "" : mark) + line.replace(ANY, "")).join("\n");
  const above = text.slice(0, Math.max(from - 1, 0)).split("\n").at(-1);
  const crowded = !all && above !== "" && !above.startsWith(mark);
  return { from, to, lines: crowded ? `\n${changed}` : changed };
}

/** Buttons that write the markup into a textarea. */
export function toolbar(textarea) {
  const buttons = Object.entries(MARKS).map(([name, [mark, drawing]]) =>
    h("button", { class: "button plain small square", type: "button", "aria-label": t(`newsroom.${name}`),
      title: t(`newsroom.${name}`), onclick: () => apply(textarea, mark) }, drawing()));
  return h("div", { class: "toolbar", role: "group", "aria-label": t("newsroom.toolbar") }, buttons);
}

function apply(textarea, mark) {
  const { value, selectionStart, selectionEnd } = textarea;
  const { from, to, lines } = marked(value, selectionStart, selectionEnd, mark);
  textarea.setRangeText(lines, from, to, "end");
  textarea.focus();
  textarea.dispatchEvent(new Event("input", { bubbles: true }));
}

/** The buttons beneath a message: https://core.telegram.org/bots/api#inlinekeyboardbutton */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../store.js";
import { copy } from "./code.js";
import { note, press } from "./deeds.js";
import { drawn } from "./icons.js";
import { follow, link } from "./links.js";
import { openAlert } from "./viewer.js";

const CORNERS = { url: "outward", copy: "copy" };

/**
 * Draws a keyboard into its element; the focus stays on the same button.
 *
 * @param {HTMLElement} element
 * @param {object[][]} rows
 * @param {{chat: number}} place
 * @param {number} message
 */
export function drawKeyboard(element, rows, place, message) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const held = focused && { ...focused.dataset, words: focused.textContent };
  element.replaceChildren(...rows.map((keys, row) =>
    h("div", { class: "keys" }, keys.map((key, column) => keyButton(key, { place, message, row, column })))));
  element.hidden = !rows.length;
  if (held) nearest(element, held)?.focus({ preventScroll: true });
}

function keyButton(key, at) {
  const look = { class: key.style ? `key ${key.style}` : "key", dataset: { row: at.row, column: at.column } };
  const inside = [h("span", { class: "key-text" }, key.text), key.kind in CORNERS && drawn(CORNERS[key.kind])];
  if (key.kind === "url") return link(key.url, at.place, look, inside);
  const button = h("button", { ...look, type: "button" }, inside);
  button.addEventListener("click", () => deed(key, button, at));
  return button;
}

function deed(key, button, at) {
  if (key.kind === "callback") pressed(button, at.place, () => press(at.place.chat, at.message, at.row, at.column));
  else if (key.kind === "copy") copy(key.copy);
  else note(t("telegram.key_elsewhere"));
}

/** Shows the bot's answer to a press; a second press of the same button meanwhile does nothing, as in Telegram. */
export async function pressed(button, place, ask) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  const answer = await ask();
  button.ariaBusy = null;
  if (answer?.url) follow(answer.url, place);
  if (!answer?.text) return;
  if (answer.alert) openAlert(get("session").bot.name, answer.text);
  else note(answer.text);
}

/** The button with the same words in the row (turning pages moves "next" sideways), else the one at the same place. */
function nearest(element, { row, column, words }) {
  const keys = [...element.querySelectorAll(".key")];
  const inRow = keys.filter((key) => key.dataset.row === row);
  return inRow.find((key) => key.textContent === words) ?? inRow.find((key) => key.dataset.column === column)
    ?? inRow.at(-1) ?? keys.at(-1);
}

/** Hidden parts of a message: one press shows all of them, as in Telegram. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { pressable } from "./pressable.js";

/** A hidden text. What it holds can be neither read aloud nor reached before it is shown. */
export function spoiler(children) {
  const element = h("span", { class: "spoiler hidden-text", "aria-label": t("telegram.spoiler") },
    h("span", { class: "spoiler-text", inert: true }, children));
  return pressable(element, () => revealAll(element));
}

/** Covers a picture until it is pressed. */
export function covered(picture) {
  const cover = h("button", { class: "picture-cover", type: "button", "aria-label": t("telegram.spoiler_picture"),
    onclick: () => { box.classList.remove("covered"); cover.remove(); } });
  const box = h("div", { class: "covered" }, picture, cover);
  return box;
}

/** The texts that are shown by now, to be shown again after the message was edited. */
export function revealedTexts(root) {
  return new Set([...root.querySelectorAll(".spoiler:not(.hidden-text)")].map((element) => element.textContent));
}

/** Shows the hidden texts that were shown before. */
export function revealAgain(root, texts) {
  for (const element of root.querySelectorAll(".spoiler.hidden-text")) {
    if (texts.has(element.textContent)) reveal(element);
  }
}

function revealAll(element) {
  const root = element.closest("[data-message]") ?? element;
  const hidden = [...root.querySelectorAll(".spoiler.hidden-text")];
  hidden.forEach(reveal);
}

function reveal(element) {
  element.classList.remove("hidden-text");
  element.removeAttribute("role");
  element.removeAttribute("aria-label");
  element.tabIndex = -1;
  element.firstElementChild.inert = false;
}

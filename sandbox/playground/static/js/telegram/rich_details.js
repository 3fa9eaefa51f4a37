/** Parts of a rich message that open and close. */

import { h } from "../dom.js";
import { drawn } from "./icons.js";

/** A part with a summary that is always shown. */
export function details(summary, children, isOpen) {
  return h("details", { class: "rich-details", open: Boolean(isOpen) },
    h("summary", {}, drawn("chevron"), h("span", {}, summary)), h("div", { class: "rich-details-content" }, children));
}

/** Which parts are open, by their summaries, to be opened again after the message was edited. */
export function openSections(root) {
  const boxes = [...root.querySelectorAll(".rich-details")];
  return new Map(boxes.map((box) => [box.firstElementChild.textContent, box.open]));
}

/** Opens and closes the parts as they were. */
export function sectionsAgain(root, states) {
  for (const box of root.querySelectorAll(".rich-details")) {
    box.open = states.get(box.firstElementChild.textContent) ?? box.open;
  }
}

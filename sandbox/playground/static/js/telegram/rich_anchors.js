/** Places within a rich message and the links to them. */

import { h } from "../dom.js";

/** A place that links of the same message lead to. */
export function anchor(name) {
  return h("span", { class: "anchor", tabindex: "-1", dataset: { anchor: name } });
}

/** A link to such a place; without a name it leads to the beginning of the message. */
export function anchorLink(name, children) {
  return h("button", { class: "like-link", type: "button", onclick: (event) => go(event.currentTarget, name) },
    children);
}

function go(from, name) {
  const message = from.closest("[data-message]");
  const places = [...message.querySelectorAll("[data-anchor]")];
  const target = name ? places.find((place) => place.dataset.anchor === name) : message;
  if (!target) return;
  for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  target.scrollIntoView({ block: "start", behavior: "smooth" });
  target.focus({ preventScroll: true });
}

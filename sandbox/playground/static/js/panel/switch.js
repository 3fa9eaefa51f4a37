/** A switch: a whole row that is pressed, with a name and a sentence. */

import { during } from "../busy.js";
import { h } from "../dom.js";

/**
 * @param {string} name for `data-knob`, unique on the page
 * @param {string} label
 * @param {string | null} hint what it does and what to watch for
 * @param {(on: boolean) => Promise<unknown>} turn asks for the other state; the state itself comes by `show`
 * @returns {{element: HTMLElement, show: (on: boolean) => void}}
 */
export function toggle(name, label, hint, turn) {
  const id = `knob-${name}`;
  const element = h(
    "button",
    {
      class: "switch", type: "button", role: "switch", "aria-checked": "false", dataset: { knob: name },
      "aria-labelledby": id, "aria-describedby": hint && `${id}-hint`,
      onclick: () => during(element, () => turn(element.getAttribute("aria-checked") !== "true")),
    },
    h("span", { class: "switch-label", id }, label),
    h("span", { class: "switch-track", "aria-hidden": "true" }),
    hint && h("span", { class: "switch-hint", id: `${id}-hint` }, hint),
  );
  return { element, show: (on) => element.setAttribute("aria-checked", String(on)) };
}

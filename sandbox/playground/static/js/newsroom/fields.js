/** Fields of the editor's form: a name, a hint, and what is wrong with it beside it. */

import { h } from "../dom.js";

/**
 * A field with its label.
 *
 * @param {HTMLElement} control an input with a `name`
 * @param {{label: string, hint?: string, beside?: Node}} words
 * @returns {{element: HTMLElement, control: HTMLElement, fail: (message: string | null) => void}}
 */
export function field(control, { label, hint, beside }) {
  control.id = `write-${control.name}`;
  const { error, fail, describe } = complaint(control, control.id, hint);
  const element = h("div", { class: "field" },
    h("div", { class: "field-head" }, h("label", { for: control.id }, label), beside), control, describe, error);
  return { element, control, fail };
}

/**
 * A group of choices with its legend; failing or in need of the focus, its chosen or first choice stands for it.
 *
 * @param {string} name @param {string} legend @param {...Node} content
 */
export function choices(name, legend, ...content) {
  const element = h("fieldset", { class: "field", role: "radiogroup" }, h("legend", {}, legend), content);
  const { error, fail } = complaint(element, `write-${name}`);
  element.append(error);
  const control = { focus: () => (element.querySelector("input:checked") ?? element.querySelector("input")).focus() };
  return { element, control, fail };
}

function complaint(control, id, hint) {
  const describe = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  const error = h("p", { class: "complaint", id: `${id}-error`, hidden: true });
  const described = describe ? `${describe.id} ${error.id}` : error.id;
  control.setAttribute("aria-describedby", described);
  const fail = (message) => {
    error.hidden = message === null;
    error.textContent = message ?? "";
    if (message === null) control.removeAttribute("aria-invalid");
    else control.setAttribute("aria-invalid", "true");
  };
  return { error, fail, describe };
}

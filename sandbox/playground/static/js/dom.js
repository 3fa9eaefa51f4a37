/** Building elements; texts always become text nodes, so nothing from outside is ever markup. */

/**
 * An element.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] `class`, `dataset`, `onclick` and other listeners,
 *   attributes by their names; null, undefined and false leave an attribute out, true sets it bare.
 * @param {...unknown} children nodes, strings, numbers, arrays of them; null and false are left out.
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

/** Puts these children in the place of all present ones. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "value") element.value = value;
  else element.setAttribute(name, value === true ? "" : String(value));
}

const DRAWN = "http://www.w3.org/2000/svg";

/** An icon of 24 by 24 units, drawn with lines; `paths` are the `d` of its strokes. */
export function icon(...paths) {
  const drawing = document.createElementNS(DRAWN, "svg");
  const look = {
    viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.9",
    "stroke-linecap": "round", "stroke-linejoin": "round", class: "icon", "aria-hidden": "true",
  };
  for (const [name, value] of Object.entries(look)) drawing.setAttribute(name, value);
  for (const path of paths) {
    const stroke = document.createElementNS(DRAWN, "path");
    stroke.setAttribute("d", path);
    drawing.append(stroke);
  }
  return drawing;
}

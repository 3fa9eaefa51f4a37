/** Buttons whose work takes a moment. */

/**
 * Does the work of a button; until it is done the button is marked and another press does nothing.
 *
 * `aria-disabled` and not `disabled`: the button keeps the focus meanwhile.
 *
 * @template T
 * @param {HTMLElement} button
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>} undefined where the press did nothing
 */
export async function during(button, work) {
  if (button.getAttribute("aria-disabled") === "true") return undefined;
  button.setAttribute("aria-disabled", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

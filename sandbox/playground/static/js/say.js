/** Texts that change often. */

/** Puts a text there if it is another one: unchanged text is neither drawn nor read out again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

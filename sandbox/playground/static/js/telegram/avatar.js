/** The round picture of a person, a group or the bot: initials on one of Telegram's seven colours. */

import { h } from "../dom.js";

const COLOURS = 7;

/**
 * A circle with the initials of a name.
 *
 * @param {number} id decides the colour, as in Telegram
 * @param {string} name
 * @param {string} [size] "small" or "large"; medium without it
 */
export function avatar(id, name, size = "") {
  return h("span", { class: `avatar ${size}`, "data-colour": colour(id), "aria-hidden": "true" }, initials(name));
}

/** The number of a colour, 0 to 6; names in groups have the colour of the avatar. */
export function colour(id) {
  return Math.abs(id) % COLOURS;
}

function initials(name) {
  const words = name.match(/[\p{L}\p{N}][^\s]*/gu) ?? ["?"];
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...word][0].toUpperCase()).join("");
}

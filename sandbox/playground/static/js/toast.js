/** Notes that pass, as Telegram shows the answer to a pressed button. */

import { h } from "./dom.js";

const SECONDS = 3.5;
const MOST = 2;

/** Shows a text for some seconds; `bad` marks a failure. Returns the note, for who places it elsewhere. */
export function toast(text, { bad = false } = {}) {
  const note = h("div", { class: bad ? "toast bad" : "toast" }, text);
  const place = document.getElementById("toasts");
  place.append(note);
  while (place.children.length > MOST) place.firstElementChild.remove();
  setTimeout(() => note.remove(), SECONDS * 1000 + text.length * 30);
  return note;
}

/** Buttons inside rich messages: https://core.telegram.org/bots/api#richmessagebutton */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { copy } from "./code.js";
import { note } from "./deeds.js";
import { link } from "./links.js";

/** A button; those that call the bot are only drawn, since the page can press just the keyboard of a message. */
export function richButton(button, label, place) {
  const look = { class: `rich-button ${button.style ?? ""}` };
  if (button.url) return link(button.url, place, look, label);
  const disabled = Boolean(button.disabled);
  return h("button", { ...look, type: "button", disabled, onclick: () => deed(button) }, label);
}

function deed({ copy_text: copied }) {
  if (copied) copy(copied.text);
  else note(t("telegram.key_elsewhere"));
}

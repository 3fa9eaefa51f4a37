/** Buttons inside rich messages: https://core.telegram.org/bots/api#richmessagebutton */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { copy } from "./code.js";
import { note, pressInside } from "./deeds.js";
import { pressed } from "./keyboard.js";
import { link } from "./links.js";

/** A button. */
export function richButton(button, label, place) {
  const look = { class: `rich-button ${button.style ?? ""}` };
  if (button.url) return link(button.url, place, look, label);
  const disabled = Boolean(button.disabled);
  return h("button", { ...look, type: "button", disabled, onclick: (event) => deed(button, event.currentTarget, place) }, label);
}

function deed({ callback_data: data, copy_text: copied }, element, place) {
  const message = Number(element.closest("[data-message]").dataset.message);
  if (data) pressed(element, place, () => pressInside(place.chat, message, data));
  else if (copied) copy(copied.text);
  else note(t("telegram.key_elsewhere"));
}

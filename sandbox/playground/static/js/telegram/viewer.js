/** A picture by itself over the whole page, and the window in which the bot's alerts appear. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { drawn } from "./icons.js";

/** Shows a picture large; any press or Escape closes it. */
export function openViewer(url, alt) {
  const dialog = h("dialog", { class: "viewer", "aria-label": alt },
    h("img", { src: url, alt }),
    h("button", { class: "round viewer-close", type: "button", "aria-label": t("telegram.close") }, drawn("close")));
  dialog.addEventListener("click", () => dialog.close());
  open(dialog);
}

/** Shows an alert of the bot until it is confirmed. */
export function openAlert(name, text) {
  const dialog = h("dialog", { class: "alert", "aria-label": name },
    h("p", { class: "alert-name" }, name),
    h("p", { class: "alert-text" }, text),
    h("form", { method: "dialog" }, h("button", { class: "alert-ok" }, t("telegram.ok"))));
  open(dialog);
}

function open(dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

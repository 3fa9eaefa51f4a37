/** A question before something that cannot be undone. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/**
 * Asks in a dialog; the browser gives the focus back to where it was.
 *
 * @param {{title: string, text: string, yes: string, danger?: boolean}} question
 * @returns {Promise<boolean>} false also for Escape
 */
export function ask({ title, text, yes, danger = false }) {
  const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
    h("h2", { id: "ask-title" }, title),
    h("p", { id: "ask-text" }, text),
    h("div", { class: "row end" },
      h("button", { class: "button", type: "button", onclick: () => dialog.close("") }, t("newsroom.keep")),
      h("button", { class: danger ? "button danger-solid" : "button primary", type: "button", dataset: { yes: "" },
        onclick: () => dialog.close("yes") }, yes)));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

/** Preformatted text with its language and a button that copies it. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { note } from "./deeds.js";
import { drawn } from "./icons.js";

/** A block of code. */
export function codeBlock(children, language) {
  const code = h("code", {}, children);
  return h("div", { class: "code-block" },
    h("div", { class: "code-head" },
      h("span", {}, language || t("telegram.code")),
      h("button", { class: "code-copy", type: "button", "aria-label": t("telegram.copy_code"),
        onclick: () => copy(code.textContent) }, drawn("copy"))),
    h("pre", { tabindex: "0" }, code));
}

/** Code within a line; a press copies it, as in Telegram. */
export function inlineCode(children) {
  return h("code", { class: "inline-code", onclick: (event) => copy(event.currentTarget.textContent) }, children);
}

/** Puts a text on the clipboard and says so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    note(t("telegram.copied"));
  } catch {
    note(t("telegram.not_copied"), { bad: true });
  }
}

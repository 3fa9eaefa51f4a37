/** The bot's process: how it is, and ending and starting it. */

import { attempt } from "../api.js";
import { during } from "../busy.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { say } from "../say.js";
import { get } from "../store.js";
import { health } from "./health.js";

/** Which buttons make sense while the bot is so. */
const POSSIBLE = { running: ["stop", "kill"], starting: ["stop", "kill"], stopped: ["start"] };

/** @returns {{element: HTMLElement, update: () => void}} */
export function botProcess() {
  const words = h("span", {});
  const state = h("p", { class: "state" }, h("span", { class: "dot" }), words);
  const buttons = ["stop", "kill", "start"].map((action) => {
    const button = h("button", { class: action === "start" ? "button" : "button danger", type: "button",
      dataset: { action }, onclick: () => ask(button, action) }, t(`panel.${action}`));
    return button;
  });

  async function ask(button, action) {
    await during(button, () => attempt("bot", { action }));
    update();
  }

  function update() {
    const pulse = get("pulse");
    const { tone, words: now } = health(pulse);
    state.dataset.tone = tone;
    say(words, now);
    const possible = POSSIBLE[pulse?.bot] ?? [];
    for (const button of buttons) {
      button.setAttribute("aria-disabled", String(!possible.includes(button.dataset.action)));
    }
  }

  return {
    element: h("section", { class: "trouble" },
      h("h3", {}, t("panel.process")), state,
      h("div", { class: "row" }, buttons), h("p", { class: "hint" }, t("panel.process_hint"))),
    update,
  };
}

/** The site's feed: works, or breaks in one of the ways that feeds break. */

import { attempt } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { say } from "../say.js";
import { get } from "../store.js";

const STATES = ["works", "500", "garbage", "hang", "reset"];

/** How a feed that works looks from the bot's side. */
function working(pulse) {
  if (!pulse || pulse.bot === "stopped") return "works";
  if (!pulse.sources || pulse.sources.read < pulse.sources.known) return "first";
  return pulse.sources.failing ? "mended" : "works";
}

/** @returns {{element: HTMLElement, update: () => void}} */
export function feedSwitch() {
  const choices = STATES.map((state) =>
    h("input", { class: "unseen", type: "radio", name: "fault", value: state, id: `fault-${state}`,
      onchange: choose }));
  const words = h("span", {});
  const status = h("p", { class: "feed-status", role: "status" }, h("span", { class: "dot" }), words);
  const element = h("fieldset", { class: "feed", dataset: { knob: "feed" } },
    h("legend", {}, t("newsroom.feed")),
    h("div", { class: "segments" }, choices.map((choice) => [
      choice, h("label", { for: choice.id }, t(`newsroom.feed_${choice.value}`)),
    ])),
    status);

  async function choose({ target }) {
    await attempt("feed", { fault: target.value === "works" ? null : target.value });
    update();
  }

  function update() {
    const state = get("feed")?.fault ?? "works";
    for (const choice of choices) choice.checked = choice.value === state;
    status.dataset.tone = state === "works" ? "good" : "bad";
    element.classList.toggle("broken", state !== "works");
    say(words, t(`newsroom.feed_${state === "works" ? working(get("pulse")) : state}_now`));
  }

  return { element, update };
}

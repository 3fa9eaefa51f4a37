/** The crowd: many subscribers at once, and the proof that each got everything once. */

import { attempt } from "../api.js";
import { during } from "../busy.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { say } from "../say.js";
import { get } from "../store.js";

const FIGURES = ["readers", "expected", "arrived", "twice"];
const MOST = 500;

/** @returns {{element: HTMLElement, update: () => void}} */
export function crowd() {
  const count = h("input", { class: "input", type: "number", id: "crowd-count", name: "count", min: 1, max: MOST,
    value: 100, required: true, inputmode: "numeric" });
  const bring = h("button", { class: "button", type: "submit" }, t("panel.bring"));
  const form = h("form", { class: "crowd-form", onsubmit: submit },
    h("div", { class: "field" }, h("label", { for: "crowd-count" }, t("panel.count", { most: MOST })), count), bring);
  const figures = FIGURES.map((name) => [name, h("dd", { dataset: { figure: name } })]);
  const proof = h("p", { class: "proof" });
  const bar = h("progress", { class: "bar", "aria-label": t("panel.progress") });
  const outcome = h("div", { class: "outcome" }, proof, bar,
    h("dl", { class: "tally" },
      figures.map(([name, place]) => h("div", {}, h("dt", {}, t(`panel.tally_${name}`)), place))));
  const announced = h("p", { class: "unseen", role: "status" });

  function submit(event) {
    event.preventDefault();
    outcome.scrollIntoView({ block: "nearest", behavior: "smooth" });
    during(bring, () => attempt("crowd", { count: count.valueAsNumber }));
  }

  function update() {
    const now = get("pulse")?.crowd ?? { readers: 0, joining: 0, expected: 0, arrived: 0, twice: 0 };
    const numbers = new Intl.NumberFormat(get("language"));
    for (const [name, place] of figures) {
      say(place, numbers.format(now[name]));
    }
    const stage = stageOf(now);
    proof.dataset.stage = stage;
    proof.classList.toggle("exact", stage === "done" && now.twice === 0);
    say(proof, t(`panel.crowd_${stage}`, {
      arrived: numbers.format(now.arrived), expected: numbers.format(now.expected),
      twice: numbers.format(now.twice), joining: numbers.format(now.joining),
    }));
    bar.hidden = stage !== "underway";
    bar.max = Math.max(now.expected, 1);
    bar.value = now.arrived;
    // The numbers tick without being read out; only the end is.
    say(announced, stage === "done" ? proof.textContent : "");
  }

  return {
    element: h("section", { class: "trouble" },
      h("h3", {}, t("panel.crowd")), h("p", { class: "hint" }, t("panel.crowd_hint")), form,
      outcome, announced),
    update,
  };
}

function stageOf({ readers, joining, expected, arrived }) {
  if (joining > 0) return "joining";
  if (readers === 0) return "none";
  if (expected === 0) return "waiting";
  return arrived < expected ? "underway" : "done";
}

/** What may go wrong with Telegram, each as a switch. */

import { attempt } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../store.js";
import { toggle } from "./switch.js";

const KNOBS = ["slow", "floods", "down", "cut"];

/** @returns {{element: HTMLElement, update: () => void}} */
export function knobs() {
  const switches = KNOBS.map((name) => [
    name,
    toggle(name, t(`panel.${name}`), t(`panel.${name}_hint`), (on) => attempt("knob", { name, on })),
  ]);
  return {
    element: h("section", { class: "trouble" },
      h("h3", {}, t("panel.telegram")), switches.map(([, each]) => each.element)),
    update() {
      for (const [name, each] of switches) each.show(get("knobs")?.[name] ?? false);
    },
  };
}

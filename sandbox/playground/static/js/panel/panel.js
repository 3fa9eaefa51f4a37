/** The panel of troubles: what may go wrong, and watching the bot survive it. */

import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { put, watch } from "../store.js";
import { crowd } from "./crowd.js";
import { knobs } from "./knobs.js";
import { botProcess } from "./process.js";
import { readers } from "./readers.js";

/** Fills the panel and keeps it true. */
export function startPanel(element) {
  let parts = [];

  watch(["language"], () => {
    parts = [knobs(), botProcess(), readers(), crowd()];
    fill(
      element,
      h("header", { class: "panel-head" },
        h("h2", {}, t("core.panel")),
        h("button", { class: "button plain square panel-close", type: "button", "aria-label": t("panel.close"),
          onclick: () => put({ panel: false }) }, icon("M6 6l12 12M18 6 6 18"))),
      h("div", { class: "panel-body", tabindex: "0", role: "group", "aria-label": t("core.panel") },
        h("p", { class: "hint" }, t("panel.intro")), parts.map((part) => part.element)),
    );
    update();
  });
  watch(["knobs", "chats", "pulse"], update);

  function update() {
    for (const part of parts) part.update();
  }
}

/** Tables of rich messages; a wide one scrolls in a box of its own. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { plain, richText } from "./rich_text.js";

/** A table. */
export function table(block, place) {
  const looks = ["bordered", "striped", "compact"].filter((look) => block[`is_${look}`]);
  return h("div", { class: "rich-table", role: "region", tabindex: "0",
    "aria-label": plain(block.caption) || t("telegram.table") },
  h("table", { class: looks.join(" ") || null },
    block.caption && h("caption", {}, richText(block.caption, place)),
    h("tbody", {}, block.cells.map((row, index) => h("tr", {}, row.map((shown) => cell(shown, index === 0, place)))))));
}

function cell(shown, inFirstRow, place) {
  const element = h(shown.is_header ? "th" : "td", {
    class: `to-${shown.align ?? "left"} at-${shown.valign ?? "middle"}`,
    scope: shown.is_header ? (inFirstRow ? "col" : "row") : null,
    colspan: shown.colspan > 1 && shown.colspan,
    rowspan: shown.rowspan > 1 && shown.rowspan,
  }, richText(shown.text, place));
  element.classList.toggle("absent", shown.text === undefined || shown.text === null);
  return element;
}

/** The fields of the editor's form, for a new article and for a correction. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { choices, field } from "./fields.js";
import { toolbar } from "./markup.js";
import { pictureChoice } from "./picture.js";

const MOST = { title: 500, lead: 2000, text: 100_000 }; // characters that the server takes
const LONG_TITLE = 100; // characters; a longer one is cut in lists and hard to take in

/** A draft with nothing in it. */
export function blank(site) {
  return { title: "", lead: "", text: "", section: site.sections[0].slug, picture: "none" };
}

/** Fields of a new article, in the order of the form, by the names of the API. */
export function articleFields(site, draft) {
  const chosen = site.sections.find(({ slug }) => slug === draft.section) ?? site.sections[0];
  const chips = site.sections.map(({ slug, title }) => [
    h("input", { class: "unseen", type: "radio", name: "section", value: slug, id: `section-${slug}`,
      checked: slug === chosen.slug }),
    h("label", { for: `section-${slug}` }, title),
  ]);
  return {
    title: titleField(draft),
    section: choices("section", t("newsroom.section"), h("div", { class: "chips" }, chips)),
    lead: leadField(draft),
    text: textField(draft),
    picture: pictureChoice(site.covers, draft.picture),
  };
}

/** Fields of a correction: what cannot be corrected is a note without a control. */
export function correctionFields(article, draft) {
  const note = (words) => ({ element: h("p", { class: "notice" }, words), control: null });
  return {
    title: titleField(draft),
    lead: leadField(draft),
    text: article.text === null ? note(t("newsroom.rich_text")) : textField(draft),
    others: note(t("newsroom.stays")),
  };
}

function titleField(draft) {
  const counted = h("span", { class: "count", id: "write-title-count" });
  // A text area, so that a long title is seen whole; it stays one line of text.
  const control = h("textarea", { class: "input title-input", name: "title", rows: 1, maxlength: MOST.title,
    autocomplete: "off", "aria-required": "true", value: draft.title, oninput: count,
    onkeydown: (event) => event.key === "Enter" && event.preventDefault() });
  function count() {
    const { length } = [...control.value.trim()];
    counted.textContent = t(length > LONG_TITLE ? "newsroom.title_long" : "newsroom.characters", { count: length });
    counted.classList.toggle("long", length > LONG_TITLE);
  }
  count();
  const made = field(control, { label: t("newsroom.title"), beside: counted });
  control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby")} ${counted.id}`);
  return { ...made, count };
}

function leadField(draft) {
  const control = h("textarea", { class: "input lead-input", name: "lead", rows: 2, maxlength: MOST.lead,
    value: draft.lead });
  return field(control, { label: t("newsroom.lead"), hint: t("newsroom.lead_hint") });
}

function textField(draft) {
  const control = h("textarea", { class: "input text-input", name: "text", rows: 9, maxlength: MOST.text,
    value: draft.text });
  return field(control, { label: t("newsroom.text"), hint: t("newsroom.text_hint"), beside: toolbar(control) });
}

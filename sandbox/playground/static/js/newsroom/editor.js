/** The editor: a form for a new article, or for correcting a published one. */

import { Refused, act } from "../api.js";
import { during } from "../busy.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../store.js";
import { toast } from "../toast.js";
import { ask } from "./ask.js";
import { begun, forgetDraft, keepDraft, keptDraft } from "./desk.js";
import { nextExample } from "./examples.js";
import { articleFields, blank, correctionFields } from "./form.js";
import { back, wand } from "./icons.js";

// Where the server's refusals belong.
const FIELD_OF = { no_title: "title", no_section: "section", bad_picture: "picture", big_picture: "picture" };

/**
 * @param {object | null} article the one to correct; null for a new one
 * @param {(done: string | null) => void} close with the slug of what was published or corrected, null for nothing
 * @returns {{element: HTMLElement[], update: () => void, focus: () => void}}
 */
export function editor(article, close) {
  const slug = article?.slug ?? null;
  const { site } = get("session");
  const draft = keptDraft(slug) ?? article ?? blank(site);
  const fields = article ? correctionFields(article, draft) : articleFields(site, draft);
  const { title } = fields;

  const submit = h("button", { class: "button primary", type: "submit", form: "write" },
    t(article ? "newsroom.save" : "newsroom.publish"));
  const form = h("form", { class: "write", id: "write", novalidate: true,
    onsubmit: send, oninput: keep, onkeydown: quickly },
    Object.values(fields).map((each) => each.element));
  const example = !article && h("button", { class: "button", type: "button", dataset: { do: "example" },
    onclick: () => during(example, fillExample) }, wand(), t("newsroom.example"));
  const clear = h("button", { class: "button plain", type: "button", dataset: { do: "clear" },
    onclick: () => during(clear, discard) }, t(article ? "newsroom.undo" : "newsroom.clear"));

  const head = h("header", { class: "side-head" },
    h("button", { class: "button plain square", type: "button", dataset: { do: "back" },
      "aria-label": t("newsroom.back"), title: t("newsroom.back"), onclick: () => close(null) }, back()),
    h("div", { class: "side-name" }, h("h2", {}, t(article ? "newsroom.correcting" : "newsroom.new"))), example);
  const foot = h("footer", { class: "side-foot" }, submit, clear,
    h("p", { class: "hint wide-only" }, h("kbd", {}, "Ctrl"), " + ", h("kbd", {}, "Enter")));

  function read() {
    const data = new FormData(form);
    const words = (name) => (data.get(name) ?? "").trim();
    return {
      title: words("title").replace(/\s+/g, " "),
      lead: words("lead"),
      text: fields.text.control ? words("text") : null,
      section: words("section"),
      picture: words("picture"),
    };
  }

  function keep() {
    keepDraft(slug, read());
    if (title.control.value.trim()) title.fail(null);
  }

  function quickly(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(submit);
  }

  async function send(event) {
    event.preventDefault();
    await during(submit, async () => {
      const article = read();
      if (complain(article)) return;
      try {
        const answer = await act(...request(article));
        forgetDraft(slug);
        toast(t(slug === null ? "newsroom.published_now" : "newsroom.corrected_now"));
        close(answer.slug);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refused(error);
      }
    });
  }

  function request({ title, lead, text, section }) {
    if (slug !== null) return ["correct", { slug, title, lead, text }];
    return ["publish", { title, lead, text, section, picture: fields.picture.value() }];
  }

  /** Says what is wrong beside the fields, and goes to the first of them; whether anything is. */
  function complain(article) {
    const wrong = {
      title: article.title ? null : t("error.no_title"),
      section: slug !== null || article.section ? null : t("error.no_section"),
      picture: fields.picture?.value() === undefined && slug === null ? t("newsroom.no_file") : null,
    };
    for (const [name, message] of Object.entries(wrong)) fields[name]?.fail?.(message);
    const first = Object.keys(wrong).find((name) => wrong[name] !== null);
    if (first) show(fields[first]);
    return first !== undefined;
  }

  function refused(error) {
    const place = fields[FIELD_OF[error.code]];
    if (!place?.fail) {
      toast(error.message, { bad: true });
      return;
    }
    place.fail(error.message);
    show(place);
  }

  function show({ control, element }) {
    control.focus();
    element.querySelector(".complaint").scrollIntoView({ block: "center" });
  }

  async function fillExample() {
    const sure = !begun() || keptDraft(null).example || (await ask({ title: t("newsroom.replace_title"),
      text: t("newsroom.replace_text"), yes: t("newsroom.replace_yes") }));
    if (!sure) return;
    const { cover, ...words } = nextExample();
    for (const name of ["title", "lead", "text"]) fields[name].control.value = words[name];
    const section = form.querySelector(`input[name="section"][value="${CSS.escape(words.section)}"]`);
    if (section) section.checked = true;
    fields.picture.choose(site.covers[cover % site.covers.length]?.name ?? "none");
    for (const each of Object.values(fields)) each.fail(null);
    title.count();
    keepDraft(null, { ...read(), example: true });
    toast(t("newsroom.example_filled"));
  }

  async function discard() {
    const touched = slug === null ? begun() : keptDraft(slug) !== null;
    const sure = !touched || (await ask({ title: t("newsroom.clear_title"),
      text: t("newsroom.clear_text"), yes: t("newsroom.clear_yes"), danger: true }));
    if (!sure) return;
    forgetDraft(slug);
    close(null);
  }

  return {
    element: [head, h("div", { class: "side-body" }, form), foot],
    update() {}, // what is being written is the person's: nothing that comes in changes it
    focus: () => title.control.focus(),
  };
}

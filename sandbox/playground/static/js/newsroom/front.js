/** The newsroom's first view: the site, its feed, and what is published. */

import { attempt } from "../api.js";
import { during } from "../busy.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../store.js";
import { toast } from "../toast.js";
import { ask } from "./ask.js";
import { begun, forgetDraft } from "./desk.js";
import { feedSwitch } from "./feed.js";
import { outward, pen, stack } from "./icons.js";
import { articleList } from "./list.js";

/**
 * @param {(slug: string | null) => void} open opens the editor, for a new article or for a correction
 * @returns {{element: HTMLElement[], update: () => void, updateFeed: () => void, focus: (slug: string | null) => void,
 *   point: (slug: string) => void}} `focus`: where the person came from (an article, else the button to write)
 */
export function front(open) {
  const feed = feedSwitch();
  const list = articleList({ correct: (article) => open(article.slug), withdraw });
  const write = h("button", { class: "button primary", type: "button", dataset: { do: "write" },
    onclick: () => open(null) }, pen(), t(begun() ? "newsroom.resume" : "newsroom.write"));
  const ten = h("button", { class: "button", type: "button", dataset: { do: "ten" },
    onclick: () => during(ten, publishTen) }, stack(), t("newsroom.ten"));
  const { title, url } = get("session").site;

  const head = h("header", { class: "side-head" },
    h("div", { class: "side-name" }, h("p", { class: "eyebrow" }, t("core.newsroom")), h("h2", {}, title)),
    h("a", { class: "button", href: url, target: "_blank", rel: "noopener", "aria-label": t("newsroom.site") },
      outward(), h("span", { class: "wide-only" }, t("newsroom.site"))),
    write);
  const body = h("div", { class: "side-body" }, feed.element,
    h("div", { class: "list-head" }, list.heading, ten), list.element);

  return {
    element: [head, body],
    updateFeed: feed.update,
    update() {
      feed.update();
      list.update();
    },
    focus(slug) {
      const row = slug && body.querySelector(`[data-article="${CSS.escape(slug)}"] [data-do="correct"]`);
      (row || write).focus();
    },
    point: list.point,
  };
}

async function publishTen() {
  const answer = await attempt("ten");
  if (answer) toast(t("newsroom.ten_done", { count: answer.count }));
}

async function withdraw({ slug, title }) {
  const sure = await ask({ title: t("newsroom.withdraw_title"), text: t("newsroom.withdraw_text", { title }),
    yes: t("newsroom.withdraw_yes"), danger: true });
  if (!sure || !(await attempt("withdraw", { slug }))) return;
  forgetDraft(slug);
  toast(t("newsroom.withdrawn"));
}

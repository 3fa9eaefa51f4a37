/** The newsroom's side: either what is published, or the editor. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { get, watch } from "../store.js";
import { LIST, keepDesk, keptDesk } from "./desk.js";
import { editor } from "./editor.js";
import { front } from "./front.js";

/** Fills the side and keeps it true. */
export function startNewsroom(element) {
  let desk = keptDesk();
  let view = null;
  let run = null;

  function draw() {
    if (!get("session") || !get("articles")) {
      fill(element, h("p", { class: "waiting" }, t("newsroom.waiting")));
      return;
    }
    const article = get("articles").find((each) => each.slug === desk.slug);
    if (desk.slug !== null && !article) desk = LIST; // withdrawn meanwhile
    view = desk.writing ? editor(article ?? null, close) : front(open);
    fill(element, view.element);
    view.update();
  }

  function open(slug) {
    go({ writing: true, slug });
    view.focus();
  }

  /** Back to the list: to the article that was published or corrected, else to where the editor was opened. */
  function close(done) {
    const from = desk.slug;
    go(LIST);
    if (done) view.point(done);
    else view.focus(from);
  }

  function go(next) {
    desk = next;
    keepDesk(desk);
    draw();
  }

  watch(["language"], draw);
  watch(["pulse"], () => view?.updateFeed?.()); // each second: the list has nothing to do with it
  watch(["session", "articles", "articles_total", "feed"], () => {
    const started = get("session")?.run;
    if (view && started === run) view.update();
    else draw();
    run = started;
  });
}

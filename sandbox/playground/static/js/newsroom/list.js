/** The published articles, newest first; drawn by key, so that neither focus nor scroll is lost. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../store.js";
import { entry } from "./entry.js";

/**
 * @param {object} on what the entries' buttons do: see `entry`
 * @returns {{element: HTMLElement, update: () => void, point: (slug: string) => void}} `point` marks an
 *   article and moves the focus to it, as soon as it is there
 */
export function articleList(on) {
  const entries = new Map();
  const list = h("ul", { class: "entries" });
  const heading = h("h3", { class: "list-title", tabindex: "-1" });
  const older = h("p", { class: "hint list-end" });
  let awaited = null;

  function update() {
    const articles = get("articles");
    if (!articles) return;
    drop(articles);
    articles.forEach(place);
    const total = get("articles_total") ?? articles.length;
    heading.textContent = t("newsroom.published", { count: total });
    older.textContent = total > articles.length ? t("newsroom.older", { count: total - articles.length }) : "";
    if (awaited !== null) point(awaited);
  }

  function place(article, position) {
    const known = entries.get(article.slug);
    known?.update(article);
    const { element } = known ?? add(article);
    if (list.children[position] !== element) list.insertBefore(element, list.children[position] ?? null);
  }

  function add(article) {
    const made = entry(article, on);
    entries.set(article.slug, made);
    return made;
  }

  function drop(articles) {
    const present = new Set(articles.map((article) => article.slug));
    for (const [slug, { element }] of entries) {
      if (present.has(slug)) continue;
      const next = element.nextElementSibling ?? heading;
      const focused = element.contains(document.activeElement);
      element.remove();
      entries.delete(slug);
      if (focused) next.focus();
    }
  }

  function point(slug) {
    const element = entries.get(slug)?.element;
    awaited = element ? null : slug;
    if (!element) return;
    element.classList.add("fresh");
    element.addEventListener("animationend", () => element.classList.remove("fresh"), { once: true });
    element.focus();
  }

  return { element: h("div", { class: "list" }, list, older), heading, update, point };
}

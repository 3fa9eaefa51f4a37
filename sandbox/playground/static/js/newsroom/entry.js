/** One published article in the list. */

import { during } from "../busy.js";
import { fill, h } from "../dom.js";
import { moment, t } from "../i18n.js";
import { bin, outward, pen, picture } from "./icons.js";

/**
 * @param {object} first the article
 * @param {{correct: (article: object) => void, withdraw: (article: object) => Promise<void>}} on
 * @returns {{element: HTMLElement, update: (article: object) => void}}
 */
export function entry(first, on) {
  let article = null;
  const title = h("h4", { class: "entry-title", id: `entry-${first.slug}` });
  const cover = h("div", { class: "entry-cover" });
  const about = h("p", { class: "entry-about" });
  const link = h("a", { class: "button plain small", target: "_blank", rel: "noopener" },
    outward(), t("newsroom.on_site"));
  const correct = h("button", { class: "button plain small", type: "button", dataset: { do: "correct" },
    onclick: () => on.correct(article) }, pen(), t("newsroom.correct"));
  const withdraw = h("button", { class: "button plain small", type: "button", dataset: { do: "withdraw" },
    onclick: () => during(withdraw, () => on.withdraw(article)) }, bin(), t("newsroom.withdraw"));
  const element = h("li", { class: "entry", tabindex: "-1", "aria-labelledby": title.id,
    dataset: { article: first.slug } },
    cover,
    h("div", { class: "entry-words" }, about, title,
      h("div", { class: "entry-actions" }, link, correct, withdraw)));

  function update(next) {
    const before = article;
    article = next;
    if (JSON.stringify(before) === JSON.stringify(next)) return;
    if (before?.image !== next.image) fill(cover, drawn(next.image));
    title.textContent = next.title;
    title.lang = next.language;
    fill(about, aboutParts(next));
    link.href = next.url;
    for (const control of [link, correct, withdraw]) {
      control.setAttribute("aria-label", `${control.textContent}: ${next.title}`);
    }
  }

  update(first);
  return { element, update };
}

function drawn(image) {
  if (!image) return picture();
  return h("img", { src: image, alt: "", loading: "lazy", decoding: "async", width: 96, height: 64 });
}

function aboutParts({ section_title: section, published, corrected }) {
  return [
    h("span", { class: "entry-section" }, section),
    published !== null && time(published),
    corrected !== null && h("span", { class: "entry-mark" }, t("newsroom.corrected")),
  ];
}

function time(seconds) {
  return h("time", { datetime: new Date(seconds * 1000).toISOString() }, moment(seconds));
}

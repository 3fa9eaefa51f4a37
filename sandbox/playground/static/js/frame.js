/** The page's frame: which side is shown, the top bar's buttons, and the note when the server is gone. */

import { fill, h, icon } from "./dom.js";
import { LANGUAGES, chooseLanguage, t } from "./i18n.js";
import { get, put, watch } from "./store.js";
import { chooseTheme, startTheme } from "./theme.js";

const SIDES = {
  telegram: ["core.telegram", ["M21 12a8 8 0 0 1-8 8H4l2-3a8 8 0 1 1 15-5z"]],
  newsroom: ["core.newsroom", ["M4 5h13v14H6a2 2 0 0 1-2-2z", "M17 9h3v8a2 2 0 0 1-2 2", "M8 9h5M8 13h5"]],
  panel: ["core.panel_short", ["M4 7h10M18 7h2M4 17h4M12 17h8", "M16 5v4M10 15v4"]],
};
const SUN = [
  "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  "M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
];
const MOON = ["M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"];

const byId = (id) => document.getElementById(id);

/** Builds the frame; the sides fill themselves. */
export function startFrame() {
  const narrow = matchMedia("(width < 900px)");
  narrow.addEventListener("change", () => put({ narrow: narrow.matches }));
  put({ side: "telegram", panel: false, fresh: false, narrow: narrow.matches });
  startTheme();
  startActions();
  startTabs();
  startPanelFocus();
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    showSide("telegram");
  });
  watch(["side", "panel", "narrow"], showSides);
  watch(["language", "connected"], drawLoss);
  watch(["language"], () => (document.title = t("core.title")));
}

/** Shows a side (in the narrow form it takes the place of the others), and moves the focus there. */
export function showSide(name) {
  put({ side: name, ...(name === "panel" && !get("narrow") ? { panel: true } : {}) });
  showSides();
  byId(name).focus();
}

/** The buttons stay the same elements when their words change, so that they keep the focus. */
function startActions() {
  const words = h("span", {});
  const panel = h("button", { class: "button panel-toggle", type: "button", id: "panel-toggle",
    "aria-controls": "panel", onclick: () => put({ panel: !get("panel") }) }, icon(...SIDES.panel[1]), words);
  const language = h("button", { class: "button plain square", type: "button",
    onclick: () => chooseLanguage(otherLanguage()) });
  const theme = h("button", { class: "button plain square", type: "button", onclick: () => chooseTheme(otherTheme()) });
  fill(byId("top-actions"), panel, language, theme);

  watch(["language", "theme", "panel"], () => {
    words.textContent = t("core.panel_open");
    panel.setAttribute("aria-label", t("core.panel_open"));
    panel.setAttribute("aria-expanded", String(get("panel")));
    language.lang = otherLanguage();
    language.textContent = otherLanguage().toUpperCase();
    name(language, LANGUAGES[otherLanguage()]);
    fill(theme, icon(...(otherTheme() === "dark" ? MOON : SUN)));
    name(theme, t(`core.theme_${otherTheme()}`));
  });
}

function name(button, words) {
  button.setAttribute("aria-label", words);
  button.title = words;
}

const otherLanguage = () => (get("language") === "ru" ? "en" : "ru");
const otherTheme = () => (get("theme") === "dark" ? "light" : "dark");

function startTabs() {
  const tabs = Object.entries(SIDES).map(([side, [label, paths]]) => {
    const words = h("span", {});
    const fresh = h("span", { class: "unseen", hidden: true });
    const tab = h("button", { class: "tab", type: "button", onclick: () => showSide(side) },
      icon(...paths), words, fresh);
    return { side, label, words, fresh, tab };
  });
  fill(byId("tabs"), tabs.map(({ tab }) => tab));

  watch(["language", "side", "fresh"], () => {
    for (const { side, label, words, fresh, tab } of tabs) {
      const news = side === "telegram" && get("fresh");
      words.textContent = t(label);
      fresh.textContent = t("core.fresh");
      fresh.hidden = !news;
      tab.classList.toggle("fresh", news);
      tab.setAttribute("aria-current", String(get("side") === side));
    }
  });
  // Who looks at another side on a phone is told that something has come; the first state is no news.
  let known = false;
  watch(["messages", "side"], (changed) => {
    const elsewhere = get("side") !== "telegram";
    const fresh = elsewhere && (get("fresh") || (known && changed.has("messages")));
    if (fresh !== get("fresh")) put({ fresh });
    known ||= get("session") !== undefined;
  });
}

/** Opening the panel moves the focus into it; closing it, or Escape within it, gives the focus back. */
function startPanelFocus() {
  const panel = byId("panel");
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !get("narrow")) put({ panel: false });
  });
  let open = false;
  watch(["panel"], () => {
    if (get("panel") === open) return;
    open = get("panel");
    const within = panel.contains(document.activeElement);
    showSides();
    if (open) panel.focus();
    else if (within) byId("panel-toggle").focus();
  });
}

function showSides() {
  for (const side of Object.keys(SIDES)) byId(side).classList.toggle("shown", get("side") === side);
  byId("panel").hidden = !get("narrow") && !get("panel");
  document.querySelector(".stage").classList.toggle("with-panel", get("panel"));
}

function drawLoss() {
  const lost = byId("lost");
  if (get("connected") !== false) lost?.remove();
  else if (lost) lost.lastChild.textContent = t("core.lost");
  else {
    const sign = icon("M12 4 2.5 20h19z", "M12 10v4M12 17.2v.1");
    document.body.prepend(h("p", { id: "lost", class: "lost", role: "alert" }, sign, h("span", {}, t("core.lost"))));
  }
}

/** The page's own words, in the person's language; the bot's words come from the bot. */

import { get, put } from "./store.js";
import core from "./strings/core.js";
import newsroom from "./strings/newsroom.js";
import panel from "./strings/panel.js";
import telegram from "./strings/telegram.js";

// Hours from 0 to 24 in both, as the chats show them.
const CLOCKS = { ru: "ru", en: "en-GB" };

const KEPT = "vestnik-language";

export const LANGUAGES = { ru: "Русский", en: "English" };

const strings = Object.fromEntries(
  Object.keys(LANGUAGES).map((code) => [
    code,
    Object.assign({}, ...[core, telegram, newsroom, panel].map((area) => area[code])),
  ]),
);

/** Takes the language chosen before, else the browser's, else English. */
export function startLanguage() {
  const wished = [localStorage.getItem(KEPT), ...navigator.languages.map((code) => code.slice(0, 2))];
  show(wished.find((code) => code in LANGUAGES) ?? "en");
}

/** Speaks another language from now on; whoever watches the part `language` draws anew. */
export function chooseLanguage(code) {
  localStorage.setItem(KEPT, code);
  show(code);
}

function show(code) {
  document.documentElement.lang = code;
  put({ language: code });
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
  }
}

/** Whether there are words for a key. */
export function has(key) {
  return key in strings[get("language")];
}

/**
 * The words for a key, with `{names}` filled in.
 *
 * Where the words depend on a number they are an object by plural category, chosen by `count`.
 */
export function t(key, values = {}) {
  let words = strings[get("language")][key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  if (typeof words === "object") words = words[plural(values.count)] ?? words.other;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function plural(count) {
  return new Intl.PluralRules(get("language")).select(count);
}

/** A time of day, or a date and a time where it is not today, for a moment in seconds since 1970. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const shape = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(CLOCKS[get("language")], shape).format(date);
}

/**
 * Moments inside a text, written by the reader's own rules:
 * https://core.telegram.org/bots/api#date-time-entity-formatting
 */

import { h } from "../dom.js";
import { toast } from "../toast.js";
import { pressable } from "./pressable.js";

const LETTERS = {
  t: { hour: "numeric", minute: "2-digit" },
  T: { hour: "numeric", minute: "2-digit", second: "2-digit" },
  d: { day: "2-digit", month: "2-digit", year: "2-digit" },
  D: { day: "numeric", month: "long", year: "numeric" },
  w: { weekday: "long" },
  W: { weekday: "long" },
};
const STEPS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600],
  ["minute", 60]];
const REFRESH = 20_000;

/**
 * The element of a moment; a click tells it in full.
 *
 * @param {{unix_time: number, date_time_format?: string}} entity
 * @param {Node[]} written the text as the bot wrote it, shown where there is no format
 * @param {string} language the reader's
 */
export function dateTime({ unix_time: moment, date_time_format: format = "" }, written, language) {
  const relative = /^r$/i.test(format);
  const element = h("time", { class: "date-time", datetime: new Date(moment * 1000).toISOString() },
    relative ? fromNow(moment, language) : format ? formatted(moment, format, language) : written);
  if (relative) Object.assign(element.dataset, { moment, language });
  return pressable(element, () => toast(inFull(moment, language)));
}

/** Keeps the relative moments on the page true as time goes by. */
export function startRelativeTimes() {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-moment]")) {
      element.textContent = fromNow(Number(element.dataset.moment), element.dataset.language);
    }
  }, REFRESH);
}

function formatted(moment, format, language) {
  const options = Object.assign({}, ...[...format].map((letter) => LETTERS[letter] ?? {}));
  return new Intl.DateTimeFormat(language, options).format(moment * 1000);
}

function fromNow(moment, language) {
  const seconds = moment - Date.now() / 1000;
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const [unit, length] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return unit === "second" ? words.format(0, "second") : words.format(Math.trunc(seconds / length), unit);
}

function inFull(moment, language) {
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }).format(moment * 1000);
}

/** Times and days around the messages, in the language of the page. */

import { t } from "../i18n.js";
import { get } from "../store.js";

const DAY = 86_400_000;

/** The time of day, "14:05". */
export function clock(seconds) {
  return shape(seconds, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** What the list of chats says of a moment: a time today, else a weekday, else a date. */
export function brief(seconds) {
  const age = daysAgo(seconds);
  if (age <= 0) return clock(seconds);
  if (age < 7) return shape(seconds, { weekday: "short" });
  return shape(seconds, { day: "2-digit", month: "2-digit", year: "2-digit" });
}

/** The heading over the messages of a day. */
export function dayName(seconds) {
  const age = daysAgo(seconds);
  if (age === 0) return t("telegram.today");
  if (age === 1) return t("telegram.yesterday");
  const year = new Date(seconds * 1000).getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return shape(seconds, { day: "numeric", month: "long", year });
}

/** The same for all moments of a day. */
export function dayOf(seconds) {
  return new Date(seconds * 1000).toDateString();
}

function daysAgo(seconds) {
  const start = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((start(new Date()) - start(new Date(seconds * 1000))) / DAY);
}

function shape(seconds, options) {
  return new Intl.DateTimeFormat(get("language"), options).format(seconds * 1000);
}

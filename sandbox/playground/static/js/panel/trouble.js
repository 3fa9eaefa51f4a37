/** The bot's last error in the strip: one line, and a note that opens with the whole of it. */

import { h, icon } from "../dom.js";
import { moment, t } from "../i18n.js";
import { say } from "../say.js";

const FRESH = 60; // seconds; an older one is history
const NOTE = "strip-note";
const WIDTH = 460; // of the note, in pixels, as in panel.css

/** @returns {{element: HTMLElement, note: HTMLElement, update: (error: object | null) => void}} */
export function lastTrouble() {
  const line = h("span", { class: "trouble-line", dataset: { figure: "error" }, "aria-live": "polite" });
  const time = h("time", { class: "trouble-time" });
  const button = h("button", { class: "trouble-button", type: "button", popovertarget: NOTE, hidden: true },
    icon("M12 4 2.5 20h19z", "M12 10v4M12 17.2v.1"), line, time);
  const whole = h("p", { class: "note-text" });
  const when = h("time", { class: "note-time" });
  const note = h("div", { class: "note", id: NOTE, popover: "auto", role: "dialog",
    "aria-label": t("strip.error"), onbeforetoggle: place },
    h("p", { class: "note-title" }, t("strip.error")), whole, when,
    h("button", { class: "button", type: "button", popovertarget: NOTE, popovertargetaction: "hide" },
      t("panel.close")));

  /** Below the button, and within the page. */
  function place() {
    const { left, bottom } = button.getBoundingClientRect();
    note.style.top = `${bottom + 8}px`;
    note.style.left = `${Math.max(16, Math.min(left, innerWidth - WIDTH - 16))}px`;
  }

  function update(error) {
    button.hidden = !error;
    if (!error) return;
    const old = Date.now() / 1000 - error.time > FRESH;
    button.dataset.tone = old ? "past" : error.level === "error" ? "bad" : "warn";
    say(line, error.text);
    say(whole, error.text);
    for (const clock of [time, when]) {
      say(clock, moment(error.time));
      clock.dateTime = new Date(error.time * 1000).toISOString();
    }
  }

  return { element: button, note, update };
}

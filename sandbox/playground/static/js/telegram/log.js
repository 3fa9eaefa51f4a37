/** The messages of the open chat: days, runs of one sender, scrolling, and what is new below. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { Bubble } from "./bubble.js";
import { drawn } from "./icons.js";
import { excerpt } from "./entities.js";
import { ServiceLine } from "./service_line.js";
import { dayName, dayOf } from "./times.js";

const AT_ONCE = 200;
const RUN_SECONDS = 900;
const NEAR_PIXELS = 40;
const FADE = 180;
const STILL = 900;

export class Log {
  #place;
  #limit = AT_ONCE;
  #lines = new Map();
  #days = new Map();
  #messages = [];
  #atEnd = true;
  #below = 0;
  #started = false;
  #still = 0;
  #content = h("div", { class: "log-content" });
  #scroll = h("div", { class: "log", role: "log", tabindex: "0", "aria-label": t("telegram.log") }, this.#content);
  #earlier = h("button", { class: "earlier", type: "button", onclick: () => this.#showEarlier() },
    t("telegram.earlier"));
  #down = h("button", { class: "round to-end", type: "button", hidden: true, onclick: () => this.#toEnd() });
  #edits = h("div", { class: "unseen", role: "status" });
  #sizes = new ResizeObserver(() => this.#atEnd && this.#jumpToEnd());

  /** @param {{chat: number, language: string, group: boolean, speaker: number}} place */
  constructor(place) {
    this.#place = place;
    this.element = h("div", { class: "log-area" }, this.#scroll, this.#down, this.#edits);
    this.#scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#sizes.observe(this.#scroll);
    this.#sizes.observe(this.#content);
  }

  /** Shows these messages, oldest first; what is on the screen already is only brought up to date. */
  show(messages) {
    this.#messages = messages;
    const shown = messages.slice(-this.#limit);
    this.#removeOthers(new Set(shown.map(({ id }) => id)), shown[0]?.id ?? 0);
    const fresh = shown.filter((message) => this.#take(message));
    this.#arrange(shown);
    if (shown.length === messages.length) this.#earlier.remove();
    else if (this.#content.firstChild !== this.#earlier) this.#content.prepend(this.#earlier);
    if (this.#started) this.#welcome(fresh);
    this.#started = true;
    if (this.#atEnd) this.#jumpToEnd();
  }

  /** Goes to the end once the log stands on the page, where it has a height. */
  shown() {
    this.#jumpToEnd();
  }

  /** Ends the observation of sizes. */
  close() {
    this.#sizes.disconnect();
  }

  /** Draws a message that was not there, or brings it up to date; true when it was not there. */
  #take(message) {
    const line = this.#lines.get(message.id);
    if (!line) {
      this.#lines.set(message.id, message.service ? new ServiceLine(message) : new Bubble(this.#place, message));
      return true;
    }
    if (line.message === message) return false;
    // An edit is told by a sentence of its own; without this the whole message would be read again.
    line.element.setAttribute("aria-live", "off");
    if (line.update(message)) this.#tellEdit(line);
    return false;
  }

  #tellEdit({ element, message }) {
    element.classList.remove("fresh", "flash");
    requestAnimationFrame(() => element.classList.add("flash"));
    const text = excerpt(message.text, message.entities).slice(0, 200);
    this.#edits.textContent = t("telegram.edit_told", { name: message.from.name, text });
  }

  #removeOthers(wanted, oldest) {
    for (const [id, { element }] of this.#lines) {
      if (wanted.has(id)) continue;
      this.#lines.delete(id);
      if (id < oldest) {
        element.remove();
        continue;
      }
      element.inert = true;
      element.classList.add("leaving");
      setTimeout(() => { element.remove(); this.#dropEmptyDays(); }, FADE);
    }
  }

  #dropEmptyDays() {
    for (const [day, section] of this.#days) {
      if (section.children.length > 1) continue;
      section.remove();
      this.#days.delete(day);
    }
  }

  /** Puts every line in its place; one that stands there already is not moved, so that it keeps focus and state. */
  #arrange(shown) {
    let section = null;
    let before = null;
    shown.forEach((message, index) => {
      const { element } = this.#lines.get(message.id);
      const day = this.#day(message.date, section);
      if (day !== section) before = day.firstElementChild;
      section = day;
      if (following(before) !== element) before.after(element);
      before = element;
      this.#lines.get(message.id).group(!joined(shown[index - 1], message), !joined(message, shown[index + 1]));
    });
    this.#dropEmptyDays();
  }

  #day(date, previous) {
    const key = dayOf(date);
    const section = this.#days.get(key)
      ?? h("div", { class: "day" }, h("p", { class: "day-name" }, h("span", {}, dayName(date))));
    this.#days.set(key, section);
    if (previous && previous !== section && following(previous) !== section) previous.after(section);
    if (!previous && !section.isConnected) this.#content.prepend(section);
    else if (!section.parentElement) this.#content.append(section);
    return section;
  }

  #welcome(fresh) {
    for (const { id } of fresh) this.#lines.get(id).element.classList.add("fresh");
    if (fresh.some(({ from }) => !from.bot)) this.#atEnd = true;
    if (!this.#atEnd) this.#tellBelow(this.#below + fresh.length);
  }

  #showEarlier() {
    this.#limit += AT_ONCE;
    const top = this.#earlier.nextElementSibling?.querySelector("[data-message]");
    this.#scroll.setAttribute("aria-live", "off");
    this.#started = false;
    const distance = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    this.show(this.#messages);
    this.#scroll.scrollTop = this.#scroll.scrollHeight - distance;
    top?.focus({ preventScroll: true });
    requestAnimationFrame(() => this.#scroll.removeAttribute("aria-live"));
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PIXELS;
    this.#tellBelow(this.#atEnd ? 0 : this.#below);
    this.#scroll.classList.toggle("scrolling", !this.#atEnd);
    clearTimeout(this.#still);
    this.#still = setTimeout(() => this.#scroll.classList.remove("scrolling"), STILL);
  }

  #tellBelow(count) {
    this.#below = count;
    this.#down.hidden = this.#atEnd;
    this.#down.setAttribute("aria-label", count ? t("telegram.new_below", { count }) : t("telegram.to_end"));
    fill(this.#down, drawn("chevron"), count > 0 && h("span", { class: "badge" }, count));
  }

  #toEnd() {
    this.#atEnd = true;
    this.#jumpToEnd();
    this.#scroll.focus({ preventScroll: true });
  }

  #jumpToEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}

/** Whether two messages belong to one run. */
function joined(one, other) {
  return Boolean(one && other && !one.service && !other.service && one.from.id === other.from.id
    && dayOf(one.date) === dayOf(other.date) && other.date - one.date < RUN_SECONDS);
}

/** What comes behind an element, not counting what is just fading away. */
function following(element) {
  let next = element.nextElementSibling;
  while (next?.classList.contains("leaving")) next = next.nextElementSibling;
  return next;
}

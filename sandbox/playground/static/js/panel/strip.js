/** The strip: what happens in the bot, in a few figures that rewrite themselves. */

import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { say } from "../say.js";
import { get, watch } from "../store.js";
import { health } from "./health.js";
import { spark } from "./spark.js";
import { lastTrouble } from "./trouble.js";

/** Fills the strip and keeps it true. */
export function startStrip(element) {
  let parts;
  watch(["language"], () => {
    parts = build(element);
    update();
  });
  watch(["pulse", "connected"], update);

  function update() {
    const pulse = get("pulse");
    if (pulse) show(parts, pulse);
  }
}

function build(element) {
  const bot = gauge("bot", h("span", { class: "dot" }), h("span", { class: "words", "aria-live": "polite" }));
  const sources = gauge("sources");
  const queued = gauge("queued");
  const line = spark();
  const rate = gauge("rate");
  rate.element.append(line.element);
  const sent = gauge("sent");
  const waits = gauge("waits");
  const trouble = lastTrouble();
  sources.element.classList.add("extra");
  sent.element.classList.add("extra");
  waits.element.classList.add("extra");

  const more = h("button", { class: "button plain square strip-more", type: "button", "aria-controls": "strip",
    "aria-expanded": String(element.classList.contains("open")), "aria-label": t("strip.more"),
    onclick: () => more.setAttribute("aria-expanded", String(element.classList.toggle("open"))) },
    icon("M6 9l6 6 6-6"));
  fill(
    element,
    h("dl", { class: "gauges" }, [bot, sources, queued, rate, sent, waits].map((each) => each.element)),
    trouble.element,
    more,
    trouble.note,
  );
  return { bot, sources, queued, line, rate, sent, waits, trouble };
}

function gauge(name, ...children) {
  const value = h("dd", { dataset: { figure: name } }, children);
  return { value, element: h("div", { class: `gauge gauge-${name}` }, h("dt", {}, t(`strip.${name}`)), value) };
}

function show({ bot, sources, queued, line, rate, sent, waits, trouble }, pulse) {
  const number = (value) => (value === null ? "–" : new Intl.NumberFormat(get("language")).format(value));
  const { tone, words } = health(pulse);
  bot.element.dataset.tone = tone;
  say(bot.value.lastChild, words);
  const read = pulse.sources;
  say(sources.value, read ? t(read.failing ? "strip.sources_failing" : "strip.sources_value", read) : "–");
  sources.element.dataset.tone = read?.failing ? "warn" : "";
  say(queued.value, number(pulse.queued));
  say(rate.value, t("strip.rate_value", { rate: number(pulse.rate) }));
  line.update(pulse.rates);
  say(sent.value, number(pulse.sent));
  say(waits.value, number(pulse.waits));
  waits.element.hidden = pulse.waits === 0;
  waits.element.dataset.tone = "warn";
  trouble.update(pulse.error);
}

/** How the bot is, as a tone and words. */

import { t } from "../i18n.js";
import { get } from "../store.js";

/**
 * @param {{bot: string, well: boolean | null} | undefined} pulse
 * @returns {{tone: "good" | "warn" | "bad", words: string}}
 */
export function health(pulse) {
  if (!pulse || get("connected") === false) return { tone: "warn", words: "…" };
  if (pulse.bot === "stopped") return { tone: "bad", words: t("strip.stopped") };
  if (pulse.bot === "starting") return { tone: "warn", words: t("strip.starting") };
  if (pulse.well === false) return { tone: "warn", words: t("strip.unwell") };
  return { tone: "good", words: t("strip.running") };
}

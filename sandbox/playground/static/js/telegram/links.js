/** Links in messages: which addresses may be followed, and those that lead back to the bot. */

import { h } from "../dom.js";
import { get } from "../store.js";
import { say } from "./deeds.js";

const SCHEMES = new Set(["http:", "https:", "tg:", "mailto:", "tel:"]);

/** The address if it may be followed; an address without a scheme is one of the web; else null. */
export function safeAddress(address) {
  const whole = /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(address) ? address : `https://${address}`;
  const url = URL.parse(whole);
  return url && SCHEMES.has(url.protocol) ? url.href : null;
}

/**
 * A link, or its bare children where the address may not be followed.
 *
 * @param {string} address
 * @param {{chat: number}} place where it stands; a link that starts the bot speaks there
 * @param {Record<string, unknown>} properties of the element
 * @param {...unknown} children
 */
export function link(address, place, properties, ...children) {
  const href = safeAddress(address);
  if (!href) return h("span", properties, ...children);
  const listener = startPayload(href) === null ? null : (event) => {
    event.preventDefault();
    follow(href, place);
  };
  return h("a", { ...properties, href, target: "_blank", rel: "noopener noreferrer", onclick: listener }, ...children);
}

/** Opens an address that the bot gave with its answer. */
export function follow(address, place) {
  const href = safeAddress(address);
  if (!href) return;
  const payload = startPayload(href);
  if (payload === null) window.open(href, "_blank", "noopener,noreferrer");
  else say(place.chat, `/start ${payload}`.trim());
}

/** What stands behind `?start=` in a link to this bot; null for all other links. */
function startPayload(href) {
  const url = new URL(href);
  const name = url.host === "t.me" ? url.pathname.slice(1) : url.protocol === "tg:" && url.searchParams.get("domain");
  const ours = name && name.toLowerCase() === get("session")?.bot.username.toLowerCase();
  return ours ? url.searchParams.get("start") : null;
}

/** Pictures of messages and the previews of links. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { drawn } from "./icons.js";
import { link } from "./links.js";
import { covered } from "./spoiler.js";
import { openViewer } from "./viewer.js";

// Width over height; what is taller or wider is cut, as in Telegram.
const TALLEST = 0.8;
const WIDEST = 2.4;

/** A photo that opens large. */
export function photo({ url, spoiler = false, alt = t("telegram.photo") }) {
  const image = shaped(picture(url, alt));
  const button = h("button", { class: "photo", type: "button", "aria-label": t("telegram.open_picture"),
    onclick: () => openViewer(url, alt) }, image);
  return spoiler ? covered(button) : button;
}

/** The preview of a link: a picture by itself, or a card with what the page says of itself. */
export function preview(shown, place) {
  if (shown.kind === "picture") {
    return h("div", { class: "preview-picture" },
      link(shown.href, place, { class: "photo" }, shaped(picture(shown.image, shown.title || t("telegram.photo")))));
  }
  const image = shown.image && h("span", { class: "card-image" }, picture(shown.image, ""));
  const words = h("span", { class: "card-words" },
    shown.site && h("span", { class: "card-site" }, shown.site),
    shown.title && h("span", { class: "card-title" }, shown.title),
    shown.description && h("span", { class: "card-description" }, shown.description));
  return link(shown.href, place, { class: shown.large ? "card large" : "card" }, words, image);
}

/** An image in a place of fixed shape; a quiet drawing stands for one that cannot be had. */
function picture(url, alt) {
  const image = h("img", { src: url, alt, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(missing(alt)), { once: true });
  return image;
}

/** Once it is there its place takes its shape: only the picture itself knows its size. */
function shaped(image) {
  image.addEventListener("load", () => {
    const shape = image.naturalWidth / image.naturalHeight || 1;
    image.parentElement.style.aspectRatio = String(Math.min(Math.max(shape, TALLEST), WIDEST));
  }, { once: true });
  return image;
}

function missing(alt) {
  return h("span", { class: "picture-missing", role: "img", "aria-label": alt || t("telegram.no_picture") },
    drawn("picture"), h("span", {}, t("telegram.no_picture")));
}

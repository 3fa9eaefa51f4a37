/** Quotations, and those that show three lines until they are opened. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { drawn } from "./icons.js";

/** Whether a folded quotation holds more than it shows depends on its width. */
const measured = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const box = target.parentElement;
    if (!box || box.classList.contains("open")) continue;
    box.classList.toggle("fits", target.scrollHeight <= target.clientHeight + 1);
  }
});

/** A quotation; `credit` is who said it. */
export function quote(children, credit = null) {
  return h("blockquote", { class: "quote" }, h("div", { class: "quote-text" }, children), cite(credit));
}

/** A quotation that is folded to three lines. */
export function expandableQuote(children, credit = null) {
  const text = h("div", { class: "quote-text" }, children);
  const toggle = h("button", { class: "quote-toggle", type: "button" }, drawn("chevron"));
  const box = h("blockquote", { class: "quote expandable" }, text, cite(credit), toggle);
  box.addEventListener("click", (event) => {
    if (toggle.contains(event.target) || isWish(event)) setOpen(box, !box.classList.contains("open"));
  });
  text.addEventListener("focusin", () => setOpen(box, true));
  setOpen(box, false);
  measured.observe(text);
  return box;
}

/** The texts of the quotations that are open, to be opened again after the message was edited. */
export function openQuotes(root) {
  return new Set([...root.querySelectorAll(".quote.expandable.open")].map((box) => box.textContent));
}

/** Opens the quotations that were open before. */
export function openAgain(root, texts) {
  for (const box of root.querySelectorAll(".quote.expandable")) {
    if (texts.has(box.textContent)) setOpen(box, true);
  }
}

function setOpen(box, open) {
  const toggle = box.querySelector(".quote-toggle");
  box.classList.toggle("open", open);
  toggle.setAttribute("aria-expanded", String(open));
  toggle.setAttribute("aria-label", t(open ? "telegram.quote_fold" : "telegram.quote_open"));
}

/** Neither a link in the quotation nor the end of a selection is a wish to open it. */
function isWish(event) {
  return !event.target.closest("a, button, [role=button]") && getSelection().isCollapsed;
}

function cite(credit) {
  return credit && h("cite", { class: "quote-credit" }, credit);
}

/** Menus that open at a button: https://developer.mozilla.org/docs/Web/API/Popover_API */

import { h } from "../dom.js";

const GAP = 6;

/**
 * Opens a menu beside a button; arrow keys move in it, Escape and a press elsewhere close it.
 *
 * @param {HTMLElement} button
 * @param {string} label of the menu
 * @param {{label: unknown, lang?: string, danger?: boolean, checked?: boolean, act: () => void}[]} items
 */
export function openMenu(button, label, items) {
  const choose = (item) => { menu.hidePopover(); item.act(); };
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label, popover: "auto", onkeydown: move },
    items.map((item) => h("button", { class: item.danger ? "menu-item danger" : "menu-item", type: "button",
      role: item.checked === undefined ? "menuitem" : "menuitemradio", lang: item.lang, tabindex: "-1",
      "aria-checked": item.checked === undefined ? null : String(item.checked),
      onclick: () => choose(item) }, item.label)));
  button.after(menu);
  button.setAttribute("aria-expanded", "true");
  menu.addEventListener("toggle", (event) => event.newState === "closed" && close(menu, button));
  menu.showPopover();
  placeBeside(menu, button);
  (menu.querySelector("[aria-checked=true]") ?? menu.firstElementChild).focus();
}

function close(menu, button) {
  const held = menu.contains(document.activeElement) || document.activeElement === document.body;
  menu.remove();
  button.setAttribute("aria-expanded", "false");
  if (held && button.isConnected) button.focus();
}

/** Below the button or above it, from its left edge unless that would lead out of the side of the page. */
function placeBeside(menu, button) {
  const { width, height } = menu.getBoundingClientRect();
  const at = button.getBoundingClientRect();
  const end = button.closest(".side").getBoundingClientRect().right - GAP;
  const below = at.bottom + GAP + height <= innerHeight;
  menu.style.top = `${Math.max(GAP, below ? at.bottom + GAP : at.top - GAP - height)}px`;
  menu.style.left = `${Math.max(GAP, Math.min(at.left, end - width))}px`;
}

function move(event) {
  const items = [...event.currentTarget.children];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Tab") event.currentTarget.hidePopover();
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length).focus();
}

/** Light or dark: as the person chose here, else as the system is set. */

import { put } from "./store.js";

const KEPT = "vestnik-theme";

/** Applies the colours, and follows the system until the person chooses. */
export function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const wished = () => localStorage.getItem(KEPT) ?? (dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => apply(wished()));
  apply(wished());
}

/** Keeps to these colours from now on: `light` or `dark`. */
export function chooseTheme(theme) {
  localStorage.setItem(KEPT, theme);
  apply(theme);
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
  put({ theme });
}

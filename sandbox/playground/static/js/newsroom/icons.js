/** The newsroom's icons. */

import { icon } from "../dom.js";

export const pen = () => icon("M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19z", "M14.5 6.5l3 3");
export const stack = () => icon("M7 8h13v12H7z", "M4 16V4h12", "M13.5 11v6M10.5 14h6");
export const outward = () =>
  icon("M14 4h6v6", "M20 4l-9 9", "M18 14v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h5");
export const bin = () => icon("M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13", "M10.5 11v5M13.5 11v5");
export const back = () => icon("M19 12H5M11 6l-6 6 6 6");
export const wand = () => icon("M4 20L14.5 9.5", "M17 3v4M15 5h4M19.5 11v3M18 12.5h3M9 4v3M7.5 5.5h3");
export const heading = () => icon("M6 5v14M18 5v14M6 12h12");
export const bullets = () => icon("M9 6h11M9 12h11M9 18h11", "M4.5 6h.1M4.5 12h.1M4.5 18h.1");
export const quote = () => icon("M5 5v14", "M10 8h9M10 12h9M10 16h6");
export const picture = () => icon("M4 5h16v14H4z", "M4 16l5-5 4 4 2.5-2.5L20 17", "M15.5 9h.1");
export const nothing = () => icon("M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z", "M6.5 6.5l11 11");

/** The line drawings of the Telegram side; each call gives a new one. */

import { icon } from "../dom.js";

const STROKES = {
  back: ["M20 12H5", "M11 18l-6-6 6-6"],
  more: ["M12 5.2v.1M12 12v.1M12 18.7v.1"],
  plus: ["M12 5v14M5 12h14"],
  person_plus: ["M10 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8z", "M3 20c0-3.5 3-6 7-6s7 2.5 7 6", "M19 7v6M16 10h6"],
  send: ["M20.5 12 4 4.5l2.8 7.5L4 19.5z", "M6.8 12h6"],
  menu: ["M5 7h14M5 12h14M5 17h14"],
  close: ["M6 6l12 12M18 6 6 18"],
  chevron: ["M6 9.5l6 6 6-6"],
  outward: ["M8 16 16.5 7.5", "M9.5 7h7.5v7.5"],
  copy: ["M9 9h10v10a2 2 0 0 1-2 2H9z", "M15 9V5a2 2 0 0 0-2-2H5v10a2 2 0 0 0 2 2h2"],
  checks: ["M2.5 12.5l4.5 4.5L16 7.5", "M11.5 16.5l.5.5L21.5 7.5"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  phone: ["M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z", "M11 18h2"],
  bell_off: ["M4 4l16 16", "M9 4.6A6 6 0 0 1 18 10c0 2.5.5 4 1.2 5.2M6.2 8.5C5.5 14 5 15 3.5 17H17", "M10 20.5h4"],
  picture: ["M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z", "M3 17l5-5 4 4 3-3 6 5",
    "M15.5 8.5v.1"],
  block: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M5.8 5.8l12.4 12.4"],
  bot: ["M6 9h12a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z", "M12 9V5M9 14v.1M15 14v.1"],
  chats: ["M4 5h11v8H9l-3 3v-3H4z", "M17 9h3v8h-2v3l-3-3h-5"],
};

/** An icon by its name. */
export function drawn(name) {
  return icon(...STROKES[name]);
}

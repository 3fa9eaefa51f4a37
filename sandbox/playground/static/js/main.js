/** Starts the page: language and frame, its sides, then the live stream that fills them. */

import { startFrame } from "./frame.js";
import { startLanguage } from "./i18n.js";
import { listen } from "./live.js";
import { startNewsroom } from "./newsroom/newsroom.js";
import { startPanel } from "./panel/panel.js";
import { startStrip } from "./panel/strip.js";
import { startTelegram } from "./telegram/telegram.js";

startLanguage();
startFrame();
startTelegram(document.getElementById("telegram"));
startNewsroom(document.getElementById("newsroom"));
startPanel(document.getElementById("panel"));
startStrip(document.getElementById("strip"));
listen();

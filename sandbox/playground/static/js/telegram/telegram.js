/** The Telegram side: the list of chats and the open one. */

import { get, put, watch } from "../store.js";
import { startChats } from "./chats.js";
import { startConversation } from "./conversation.js";
import { startRelativeTimes } from "./date_time.js";
import { startOpened } from "./opened.js";
import { startUnread } from "./unread.js";

/** Fills the side and keeps it true. */
export function startTelegram(element) {
  element.append(startChats(), startConversation());
  startOpened();
  startUnread(element);
  startRelativeTimes();
  watch(["open"], () => showOpen(element));
}

/** On a phone only one of both is there; who goes back finds the chat that was left. */
function showOpen(element) {
  element.classList.toggle("in-chat", get("open") !== null);
  if (get("open") !== null || !get("left")) return;
  element.querySelector(`[data-chat="${get("left")}"]`)?.focus();
  put({ left: null });
}

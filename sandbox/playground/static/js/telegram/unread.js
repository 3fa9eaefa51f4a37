/** How many messages of each chat the person at the page has not had on the screen yet. */

import { get, messagesOf, put, watch } from "../store.js";

const KEPT = "vestnik-seen";

/**
 * Counts from now on. What is there when a run of the sandbox is first seen counts as read.
 *
 * @param {HTMLElement} side of the page; what comes while it is not shown is unread
 */
export function startUnread(side) {
  watch(["session"], () => get("session") && begin(get("session").run));
  watch(["messages", "open", "side", "session"], () => {
    if (get("seen") && get("open") && side.checkVisibility()) see([get("open")]);
  });
}

/** The number of unread messages of a chat. */
export function unread(chat) {
  const last = get("seen")?.[chat] ?? 0;
  return messagesOf(chat).filter(({ id, from, service }) => id > last && from.bot && !service).length;
}

function begin(run) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  if (kept.run === run) put({ seen: kept.seen });
  else {
    put({ seen: {} });
    see([...get("messages").keys()]);
  }
}

function see(chats) {
  const seen = { ...get("seen") };
  for (const chat of chats) seen[chat] = Math.max(seen[chat] ?? 0, messagesOf(chat).at(-1)?.id ?? 0);
  if (chats.every((chat) => seen[chat] === get("seen")[chat])) return;
  put({ seen });
  sessionStorage.setItem(KEPT, JSON.stringify({ run: get("session").run, seen }));
}

/** Which chat is open: kept in the address, so that a reload and the browser's back button keep it too. */

import { get, put, watch } from "../store.js";

const narrow = matchMedia("(width < 900px)");

/** Whether only one of list and conversation is on the screen. */
export function isNarrow() {
  return narrow.matches;
}

/** Follows the address; on a wide page the first chat is open where the address names none. */
export function startOpened() {
  addEventListener("popstate", read);
  narrow.addEventListener("change", read);
  const stop = watch(["chats"], () => {
    if (!get("chats")?.length) return;
    queueMicrotask(() => stop());
    read();
  });
}

/** Opens a chat. */
export function openChat(id) {
  if (get("open") === id) return;
  // On a phone the back button of the browser leads to the list again.
  if (narrow.matches) history.pushState({ fromList: true }, "", `#chat${id}`);
  else history.replaceState(null, "", `#chat${id}`);
  put({ open: id });
}

/** Goes back to the list. */
export function closeChat() {
  put({ left: get("open") });
  if (history.state?.fromList) history.back();
  else {
    history.replaceState(null, "", location.pathname);
    put({ open: null });
  }
}

function read() {
  const chats = get("chats") ?? [];
  const named = Number(/^#chat(-?\d+)$/.exec(location.hash)?.[1]);
  const known = chats.some(({ id }) => id === named);
  if (known) put({ open: named });
  else if (!narrow.matches) put({ open: get("open") ?? chats[0]?.id ?? null });
  // Other addresses, such as that of the skip link, do not close a chat.
  else if (!location.hash || named) put({ open: null });
}

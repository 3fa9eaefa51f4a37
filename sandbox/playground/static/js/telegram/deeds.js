/** What the reader at the open phone does: speaking, pressing buttons, blocking the bot. */

import { Refused, act } from "../api.js";
import { get, put } from "../store.js";
import { toast } from "../toast.js";

/** The chat with this number. */
export function chatOf(id) {
  return (get("chats") ?? []).find((chat) => chat.id === id);
}

/** A message that the page knows; undefined after it was deleted. */
export function messageIn(chat, id) {
  return get("messages").get(chat)?.get(id);
}

/** Who speaks in a chat: in a group the member chosen last, else its first one. */
export function speaker(chat) {
  const chosen = get("speakers")?.[chat.id];
  return chat.members.find((member) => member.id === chosen) ?? chat.members[0];
}

/** Lets another member of a group speak from now on. */
export function chooseSpeaker(chat, person) {
  put({ speakers: { ...get("speakers"), [chat.id]: person } });
}

/** Sends a text as the chat's speaker; whether it was taken. */
export function say(chat, text) {
  return tried("say", { chat, person: speaker(chatOf(chat)).id, text });
}

/** Presses a button of a message's keyboard; the bot's answer, or undefined without one. */
export function press(chat, message, row, column) {
  return tried("press", { chat, message, person: speaker(chatOf(chat)).id, row, column });
}

/** Presses a button inside a rich message; as `press`. */
export function pressInside(chat, message, data) {
  return tried("press_inside", { chat, message, person: speaker(chatOf(chat)).id, data });
}

/** Blocks the bot or lets it speak again; in a group: removes it or brings it back. */
export function block(chat, blocked) {
  return tried("block", { chat, blocked });
}

let shown = null;

/** Shows a note over the conversation, as Telegram does. */
export function note(text, look = {}) {
  shown?.remove(); // a newer answer takes the place of the last one
  const element = toast(text, look);
  shown = element;
  const area = document.querySelector(".conversation")?.getBoundingClientRect();
  if (!area?.width) return;
  const own = element.getBoundingClientRect();
  element.style.translate = `${area.left + area.width / 2 - own.left - own.width / 2}px -56px`;
}

async function tried(name, body) {
  try {
    return await act(name, body);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    note(error.message, { bad: true });
    return undefined;
  }
}

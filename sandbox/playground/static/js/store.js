/** What the page knows: the parts that the server sends, and the page's own choices. */

/** @type {Record<string, any>} parts by name; `messages` is a Map: chat id -> Map: id -> message */
const parts = { messages: new Map() };
const watchers = new Set();
let changed = new Set();

/** A part as it stands; undefined before it is known. */
export function get(name) {
  return parts[name];
}

/** The messages of a chat, oldest first. */
export function messagesOf(chat) {
  return [...(parts.messages.get(chat)?.values() ?? [])];
}

/** Sets parts and tells who watches them, once per frame of the page's work. */
export function put(values) {
  Object.assign(parts, values);
  tell(Object.keys(values));
}

/**
 * Calls back when any of the named parts has changed, and at once when one is known already.
 *
 * @param {string[]} names
 * @param {(changed: Set<string>) => void} callback
 * @returns {() => void} ends it
 */
export function watch(names, callback) {
  const watcher = { names, callback };
  watchers.add(watcher);
  if (names.some((name) => parts[name] !== undefined)) callback(new Set(names));
  return () => watchers.delete(watcher);
}

/** Takes an event of the server's live stream. */
export function receive(event) {
  // Session and messages together are the whole state, without what was deleted while the stream was cut.
  if (event.session && event.messages) parts.messages.clear();
  const { messages, ...others } = event;
  for (const message of messages ?? []) keep(message);
  if (messages) tell(["messages"]);
  put(others);
}

function keep(message) {
  const chat = parts.messages.get(message.chat) ?? new Map();
  parts.messages.set(message.chat, chat);
  if (message.deleted) chat.delete(message.id);
  else chat.set(message.id, message);
}

function tell(names) {
  if (!changed.size) queueMicrotask(flush);
  for (const name of names) changed.add(name);
}

function flush() {
  const now = changed;
  changed = new Set();
  for (const watcher of [...watchers]) {
    if (watcher.names.some((name) => now.has(name))) watcher.callback(now);
  }
}

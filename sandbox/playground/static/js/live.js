/** The live stream from the server: https://html.spec.whatwg.org/multipage/server-sent-events.html */

import { put, receive } from "./store.js";

/** Listens for as long as the page is open; the browser connects again by itself. */
export function listen() {
  const stream = new EventSource("/live");
  stream.onmessage = (event) => receive(JSON.parse(event.data));
  stream.onopen = () => put({ connected: true });
  stream.onerror = () => put({ connected: false });
}

/** Readers who block the bot: a switch for each, kept while the list of chats changes. */

import { attempt } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { get } from "../store.js";
import { toggle } from "./switch.js";

/** @returns {{element: HTMLElement, update: () => void}} */
export function readers() {
  const switches = new Map();
  const list = h("div", {});
  const nobody = h("p", { class: "hint" }, t("panel.nobody"));

  function update() {
    const present = (get("chats") ?? []).filter((chat) => chat.kind === "private" && !chat.gallery);
    nobody.hidden = present.length > 0;
    for (const [id, { each }] of switches) {
      if (present.some((chat) => chat.id === id)) continue;
      each.element.remove();
      switches.delete(id);
    }
    for (const { id, title, blocked } of present) {
      if (switches.get(id)?.title !== title) add(id, title);
      switches.get(id).each.show(blocked);
    }
  }

  function add(id, title) {
    const each = toggle(`block-${id}`, title, null, (on) => attempt("block", { chat: id, blocked: on }));
    const old = switches.get(id)?.each.element;
    if (old) old.replaceWith(each.element);
    else list.append(each.element);
    switches.set(id, { each, title });
  }

  return {
    element: h("section", { class: "trouble" },
      h("h3", {}, t("panel.readers")), h("p", { class: "hint" }, t("panel.readers_hint")), list, nobody),
    update,
  };
}

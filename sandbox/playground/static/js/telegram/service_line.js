/** What happened in a chat, told between the bubbles. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

export class ServiceLine {
  /** @param {object} message one with a `service` */
  constructor(message) {
    this.message = message;
    this.element = h("p", { class: "service-line", dataset: { message: message.id } },
      h("span", {}, serviceText(message)));
  }

  /** Nothing in such a line ever changes. */
  update(message) {
    this.message = message;
    return false;
  }

  /** It stands alone. */
  group() {}
}

/** The words of a service message. */
export function serviceText({ service, from }) {
  return t(`telegram.${service}`, { name: from.name });
}

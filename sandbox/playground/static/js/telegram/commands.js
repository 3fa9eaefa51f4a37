/** The list of the bot's commands above the text field: the menu, and what fits what is being typed. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";

let lists = 0;

export class Commands {
  #all = [];
  #shown = [];
  #active = -1;
  #field;
  #take;
  #told = h("div", { class: "unseen", role: "status" });
  #list = h("div", { class: "commands-list", role: "listbox", id: `commands-${(lists += 1)}`,
    "aria-label": t("telegram.commands") });

  /**
   * @param {HTMLTextAreaElement} field that is completed; the focus stays there
   * @param {(command: string, send: boolean) => void} take gets the command with its stroke
   */
  constructor(field, take) {
    this.#field = field;
    this.#take = take;
    this.element = h("div", { class: "commands" }, this.#list, this.#told);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-haspopup", "listbox");
    this.#draw();
  }

  get open() {
    return this.#shown.length > 0;
  }

  /** The commands of the chat's menu. */
  set all(commands) {
    this.#all = commands;
  }

  /** Shows all commands, none of them chosen yet. */
  showAll() {
    this.#show(this.#all, -1);
  }

  /** Shows what begins like the typed text, the first chosen. */
  complete(text) {
    const typed = /^\/(\w*)$/.exec(text)?.[1].toLowerCase();
    this.#show(typed === undefined ? [] : this.#all.filter(({ command }) => command.startsWith(typed)), 0);
  }

  close() {
    if (this.open) this.#show([], -1);
  }

  /** Takes a key that is meant for the list; true when it was. */
  key(event) {
    if (!this.open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#choose(this.#active < 0 && step < 0 ? this.#shown.length - 1 : this.#active + step);
    else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") return this.#taken(event);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** Enter sends a command, Tab only writes it. */
  #taken(event) {
    const chosen = this.#shown[this.#active];
    if (!chosen || event.shiftKey) return false;
    event.preventDefault();
    this.#take(`/${chosen.command}`, event.key === "Enter");
    return true;
  }

  #show(commands, active) {
    this.#shown = commands;
    this.#active = commands.length ? active : -1;
    this.#draw();
    this.#told.textContent = commands.length ? t("telegram.commands_told", { count: commands.length }) : "";
  }

  #choose(index) {
    this.#active = (index + this.#shown.length) % this.#shown.length;
    [...this.#list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === this.#active)));
    this.#list.children[this.#active].scrollIntoView({ block: "nearest" });
    this.#point();
  }

  #draw() {
    fill(this.#list, this.#shown.map(({ command, description }, index) =>
      h("div", { class: "command-option", role: "option", id: `${this.#list.id}-${index}`,
        "aria-selected": String(index === this.#active), onclick: () => this.#take(`/${command}`, true) },
      h("span", { class: "command-name" }, `/${command}`), h("span", { class: "command-text" }, description))));
    this.element.hidden = !this.open;
    this.#point();
  }

  /** Tells assistive technology which option the arrow keys have reached. */
  #point() {
    const option = this.#list.children[this.#active];
    if (this.open) this.#field.setAttribute("aria-controls", this.#list.id);
    else this.#field.removeAttribute("aria-controls");
    if (option) this.#field.setAttribute("aria-activedescendant", option.id);
    else this.#field.removeAttribute("aria-activedescendant");
  }
}

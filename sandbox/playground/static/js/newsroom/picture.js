/** An article's picture: none, one of the site's covers, or an own file. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { keepUpload, keptUpload } from "./desk.js";
import { choices } from "./fields.js";
import { nothing, picture as sheet } from "./icons.js";

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const MOST_BYTES = 5 * 1024 * 1024;

/**
 * What is wrong with a file, as the server would say it; null where nothing is.
 *
 * @param {{type: string, size: number}} file
 */
export function fault({ type, size }) {
  if (!TYPES.includes(type)) return "bad_picture";
  return size > MOST_BYTES ? "big_picture" : null;
}

/**
 * @param {{name: string, url: string}[]} covers
 * @param {string} chosen `none`, `upload` or the name of a cover
 * @returns what `choices` gives, with `choose`, and with `value`: the picture as the server takes it, undefined
 *   where an own file is still missing
 */
export function pictureChoice(covers, chosen) {
  let upload = keptUpload();
  const own = drop();
  const tiles = h("div", { class: "tiles" },
    tile("none", t("newsroom.no_picture"), nothing()),
    covers.map(({ name, url }, index) => tile(name, t("newsroom.cover", { number: index + 1 }), photo(url), true)),
    tile("upload", t("newsroom.own_picture"), sheet()));
  const group = choices("picture", t("newsroom.picture"), tiles, own.element);

  const selected = () => tiles.querySelector("input:checked").value;
  const choose = (name) => {
    const input = tiles.querySelector(`input[value="${CSS.escape(name)}"]`) ?? tiles.querySelector("input");
    input.checked = true;
    showOwn();
  };

  function showOwn() {
    own.element.hidden = selected() !== "upload";
    own.show(upload);
  }

  async function take(file) {
    const wrong = fault(file);
    if (wrong) {
      group.fail(t(`error.${wrong}`));
      return;
    }
    group.fail(null);
    upload = { name: file.name, data: await dataOf(file) };
    keepUpload(upload);
    choose("upload");
    group.element.dispatchEvent(new Event("input", { bubbles: true }));
  }

  group.element.addEventListener("change", (event) => {
    if (event.target.type !== "file") {
      group.fail(null);
      showOwn();
      if (selected() === "upload") own.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
    } else if (event.target.files.length) take(event.target.files[0]);
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    group.element.addEventListener(kind, (event) => {
      event.preventDefault();
      group.element.classList.toggle("dropping", kind === "dragenter" || kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
    });
  }
  choose(chosen);

  return {
    ...group,
    choose,
    value() {
      if (selected() === "none") return null;
      if (selected() !== "upload") return { cover: selected() };
      return upload ? { upload: upload.data } : undefined;
    },
  };
}

function tile(value, label, drawing, hidden = false) {
  const id = `picture-${value}`;
  return h("div", { class: "tile" },
    h("input", { class: "unseen", type: "radio", name: "picture", value, id }),
    h("label", { for: id }, drawing, h("span", { class: hidden ? "unseen" : null }, label)));
}

function photo(url) {
  return h("img", { src: url, alt: "", width: 120, height: 63, loading: "lazy", decoding: "async" });
}

/** The place for an own file, with a preview of it. */
function drop() {
  const preview = h("div", { class: "drop-preview" });
  const words = h("span", {});
  const element = h("div", { class: "drop" }, preview,
    h("div", { class: "drop-words" },
      h("label", { class: "button" }, words,
        h("input", { class: "unseen", type: "file", name: "file", accept: TYPES.join() })),
      h("p", { class: "hint" }, t("newsroom.drop"))));
  return {
    element,
    show(upload) {
      words.textContent = upload ? t("newsroom.other_file") : t("newsroom.choose_file");
      const drawing = upload && h("img", { src: upload.data, alt: t("newsroom.preview", { name: upload.name }) });
      fill(preview, drawing ?? sheet());
    },
  };
}

function dataOf(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** A text with its entities: https://core.telegram.org/bots/api#messageentity (offsets are indices of JS strings). */

import { codeBlock } from "./code.js";
import { inline } from "./inline.js";
import { expandableQuote, quote } from "./quote.js";

const BLOCKS = {
  pre: (entity, children) => codeBlock(children, entity.language),
  blockquote: (_, children) => quote(children),
  expandable_blockquote: (_, children) => expandableQuote(children),
};

/**
 * The nodes of a text.
 *
 * @param {string} text
 * @param {{type: string, offset: number, length: number}[]} entities
 * @param {{chat: number, language: string}} place where the text stands
 * @returns {(Node|string)[]}
 */
export function formatted(text, entities, place) {
  const sorted = entities
    .map((entity) => ({ entity, start: entity.offset, end: entity.offset + entity.length }))
    .sort((one, other) => one.start - other.start || other.end - one.end);
  return within(text, 0, text.length, sorted, place);
}

function within(text, start, end, pieces, place) {
  const nodes = [];
  let at = start;
  let waiting = pieces;
  while (waiting.length) {
    const [outer, ...others] = waiting;
    if (outer.start > at) nodes.push(text.slice(at, outer.start));
    const stop = Math.min(outer.end, end);
    const inner = others.filter((piece) => piece.start < stop).map((piece) => cut(piece, piece.start, stop));
    nodes.push(drawn(outer.entity, text, outer.start, stop, inner, place));
    // A piece that reaches out of this one goes on behind it.
    waiting = others.filter((piece) => piece.end > stop).map((piece) => cut(piece, stop, piece.end));
    // The line break behind a block is the end of the block, not an empty line.
    at = outer.entity.type in BLOCKS && text[stop] === "\n" && stop < end ? stop + 1 : stop;
    waiting = waiting.filter((piece) => piece.end > at).map((piece) => cut(piece, at, piece.end));
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function drawn(entity, text, start, end, inner, place) {
  const children = within(text, start, end, inner, place);
  return BLOCKS[entity.type]?.(entity, children) ?? inline(entity, children, text.slice(start, end), place);
}

/** A piece limited to a range. */
function cut(piece, from, to) {
  return { ...piece, start: Math.max(piece.start, from), end: Math.min(piece.end, to) };
}

/** The text in one line, as the list of chats shows it: what is hidden stays hidden. */
export function excerpt(text, entities) {
  let shown = text;
  for (const { type, offset, length } of entities) {
    if (type === "spoiler") shown = shown.slice(0, offset) + "•".repeat(length) + shown.slice(offset + length);
  }
  return shown.replace(/\s+/g, " ").trim();
}

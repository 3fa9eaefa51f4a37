/** Where the editor stands, and what is written but not yet published: kept over a reload of the page. */

const DESK = "vestnik-desk";
const DRAFT = "vestnik-draft";

/**
 * @typedef {{writing: boolean, slug: string | null}} Desk the list, a new article (no slug) or a correction
 * @typedef {{title: string, lead: string, text: string | null, section: string, picture: string}} Draft
 *   `picture` is `none`, `upload` or the name of a cover
 */

export const LIST = Object.freeze({ writing: false, slug: null });

/** @returns {Desk} */
export function keptDesk() {
  return read(DESK) ?? LIST;
}

/** @param {Desk} desk */
export function keepDesk(desk) {
  write(DESK, desk);
}

/** @returns {Draft | null} what was written for a new article (slug null) or for a correction */
export function keptDraft(slug) {
  return read(draftKey(slug));
}

/** @param {string | null} slug @param {Draft} draft */
export function keepDraft(slug, draft) {
  write(draftKey(slug), draft);
}

export function forgetDraft(slug) {
  sessionStorage.removeItem(draftKey(slug));
  if (slug === null) keepUpload(null);
}

/** @returns {{name: string, data: string} | null} the new article's own picture, `data` as a data address */
export function keptUpload() {
  return read(`${DRAFT}-upload`);
}

export function keepUpload(upload) {
  write(`${DRAFT}-upload`, upload);
}

/** Whether a new article has been begun. */
export function begun() {
  const draft = keptDraft(null);
  return draft !== null && [draft.title, draft.lead, draft.text].some((words) => words.trim());
}

const draftKey = (slug) => (slug === null ? DRAFT : `${DRAFT}:${slug}`);

function read(key) {
  return JSON.parse(sessionStorage.getItem(key));
}

function write(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch (error) {
    // A large picture can exceed what the browser keeps for a page: a reload then loses the picture alone.
    if (error.name !== "QuotaExceededError") throw error;
    sessionStorage.removeItem(key);
  }
}

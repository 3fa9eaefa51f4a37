/** What the page asks the server to do. */

import { has, t } from "./i18n.js";
import { toast } from "./toast.js";

/** An action was refused; the message is in the language of the page where there are words for it. */
export class Refused extends Error {
  constructor(code, message) {
    super(has(`error.${code}`) ? t(`error.${code}`) : message);
    this.code = code;
  }
}

/**
 * Does an action and returns what the server answers.
 *
 * @param {string} name as in `/api/name`
 * @param {object} body
 * @returns {Promise<any>}
 * @throws {Refused} the server refuses it, or cannot be reached (code `away`)
 */
export async function act(name, body = {}) {
  let response;
  try {
    response = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused("away", "The sandbox does not answer.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.code ?? "failed", answer.error ?? response.statusText);
  return answer;
}

/** As `act`, for where nothing depends on the answer: a refusal is shown as a toast; undefined then. */
export async function attempt(name, body = {}) {
  try {
    return await act(name, body);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { bad: true });
    return undefined;
  }
}

// Asking the server. Three things can go wrong, and each is something else: no signal, not signed in, a refusal in words.
import * as clock from "./clock.js";

const WAIT_MS = 20_000;
const UPLOAD_MS = 90_000;

export class Offline extends Error {}
export class SignedOut extends Error {}
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let csrf = "";
export const token = () => csrf;

async function ask(url, options = {}, wait = WAIT_MS) {
  let answer;
  try {
    // HX-Request: whoever is signed out gets a plain 401 instead of the sign-in page
    const headers = { "HX-Request": "true", ...options.headers };
    answer = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options, headers, signal: AbortSignal.timeout(wait) });
  } catch (problem) {
    throw new Offline(problem.message);
  }
  if (answer.status === 401) throw new SignedOut();
  if (answer.status >= 400 && answer.status !== 304) throw new Refused(answer.status, sentence(answer));
  return answer;
}

function sentence(answer) {
  try {
    return [JSON.parse(answer.headers.get("HX-Trigger")).toast].flat()[0].text;
  } catch {
    return answer.status >= 500 ? "The server has trouble. It is tried again." : `The server refused this (${answer.status}).`;
  }
}

/** Who is signed in here, or null; measures the clock on the way. */
export async function session() {
  const asked = Date.now();
  const found = await (await ask("/phone/session")).json();
  clock.measure(found.now, asked);
  csrf = found.csrf ?? "";
  return found.signed_in ? found : null;
}

export const getJson = async (url) => (await ask(url)).json();

/** A picture as it is kept; Refused when it is larger than `most` bytes. */
export async function getPicture(url, most) {
  const answer = await ask(url, {}, UPLOAD_MS);
  if (Number(answer.headers.get("Content-Length")) > most) throw new Refused(413, "The picture is too large to be kept.");
  return { type: answer.headers.get("Content-Type") ?? "", bytes: await answer.arrayBuffer() };
}

/** JSON of an address, or null while it is as it was when it gave this tag. */
export async function fresher(url, tag) {
  const answer = await ask(url, { headers: tag ? { "If-None-Match": tag } : {} });
  return answer.status === 304 ? null : { tag: answer.headers.get("ETag"), data: await answer.json() };
}

export async function post(url, body) {
  if (!csrf) await session(); // a page from the phone itself carries no token
  const form = body instanceof FormData;
  const headers = { "X-CSRFToken": csrf, ...(form ? {} : { "Content-Type": "application/json" }) };
  const answer = await ask(url, { method: "POST", headers, body: form ? body : JSON.stringify(body) }, form ? UPLOAD_MS : WAIT_MS);
  return answer.json();
}

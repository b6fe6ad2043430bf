// What was done on the phone, kept until the server has it: sent one after the other, in order, each exactly once by its
// key. Needs no page: the service worker sends it too, when the signal is back and the page is closed.
import * as clock from "./clock.js";
import * as net from "./net.js";
import * as store from "./store.js";

const LOCK = "truckroll-phone-queue";

/** Keeps an action. `data` is what the server needs; `picture` a Blob; `pass` what the job came with. */
export async function keep(person, { kind, job_id = null, data = {}, picture = null, pass = "" }) {
  const action = {
    key: crypto.randomUUID(), person, kind, job_id, data, pass, state: "waiting", message: "",
    at: Date.now(), offset: clock.difference(), // by this phone's clock, and how wrong that was
    // as bytes: not every browser keeps a Blob whole over a restart
    picture: picture && { type: picture.type, bytes: await picture.arrayBuffer() },
  };
  action.id = await store.addAction(person, action);
  return action;
}

/** Once more, as a new action: what was refused stays refused under its own key. */
export async function again(person, action, data = {}) {
  await store.putAction(person, { ...action, key: crypto.randomUUID(), data: { ...action.data, ...data }, state: "waiting", message: "", candidates: undefined });
}

export const waiting = (actions) => actions.filter((action) => action.state === "waiting");

/**
 * Sends what waits. `told(action, answer)` after each. Resolves to how it ended: "empty", "offline", "signed-out",
 * "other-person", "busy" (somebody else is at it), or "later" (the server asked to wait).
 */
export async function send(person, told = () => {}) {
  if (!navigator.locks) return sendAll(person, told);
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? sendAll(person, told) : "busy"));
}

async function sendAll(person, told) {
  try {
    const who = await net.session();
    if (!who) return "signed-out";
    if (who.person !== person) return "other-person"; // what is theirs is sent by nobody else
    await store.put(person, "offset", clock.difference());
    let before = 0;
    for (;;) {
      const [action] = waiting(await store.actions(person));
      if (!action) return "empty";
      before = await sendOne(person, action, before, told);
    }
  } catch (problem) {
    if (problem instanceof net.Offline) return "offline";
    if (problem instanceof net.SignedOut) return "signed-out";
    if (problem instanceof net.Refused) return "later";
    throw problem;
  }
}

async function sendOne(person, action, before, told) {
  const happened = clock.corrected(action.at, action.offset, clock.difference(), before);
  let answer;
  try {
    answer = await net.post("/my/phone/actions", body(action, happened));
  } catch (problem) {
    // what the server cannot read will not be better the next time; all else is tried again
    if (!(problem instanceof net.Refused) || ![403, 413, 422].includes(problem.status)) throw problem;
    answer = { outcome: "refused", message: problem.message };
  }
  const after = { ...action, picture: answer.outcome === "refused" ? action.picture : null, answer, sent: Date.now() };
  if (answer.outcome === "refused") Object.assign(after, { state: "refused", message: answer.message, candidates: answer.candidates });
  else after.state = "done"; // seen until the day that is fetched next has it
  await store.putAction(person, after);
  await told(after, answer);
  return happened;
}

function body(action, happened) {
  const sent = {
    key: action.key, kind: action.kind, job_id: action.job_id, data: action.data, seen_pass: action.pass ?? "", person: action.person,
    happened_at: clock.iso(happened), sent_at: clock.now().toISOString(),
  };
  if (!action.picture) return sent;
  const form = new FormData();
  form.set("action", JSON.stringify(sent));
  form.set("picture", new Blob([action.picture.bytes], { type: action.picture.type }), "picture");
  return form;
}

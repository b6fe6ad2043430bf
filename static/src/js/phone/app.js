// The application on the phone: what it knows, when it asks and sends, and that every change is drawn.
import { source } from "../stream-source.js";
import { toast } from "../toasts.js";
import * as clock from "./clock.js";
import * as net from "./net.js";
import * as queue from "./queue.js";
import { present } from "./state.js";
import * as store from "./store.js";

const LOOK_MS = 90_000; // how often an open page asks for news without being told
const TRY_MS = [3_000, 8_000, 20_000, 60_000]; // after a try that found no signal
const GATHER_MS = 400;
const MOST_PICTURES = 60; // kept on the phone
const MOST_BYTES = 4_000_000; // of one of them

export const app = {
  person: undefined,
  session: null, // name, company, tabs, as last heard
  day: null,
  prices: [],
  pictures: new Map(), // of the day's jobs, by the file's number: {type, bytes}
  actions: [],
  fetched: 0, // when the day came, by the server's clock
  online: navigator.onLine,
  ended: "empty", // how the last sending ended
  sending: false,
  whole: false, // everything for a day without a signal is here
  draw: () => {},
};

let tries = 0;
let timer;
let asked = false; // for news, while a round was under way
let leaving = false; // somebody signs out: nothing of theirs is written any more
let looking;
let stream;

/** The day with everything done on the phone over it; null before anything is known. */
export const shown = () => app.day && present(app.day, app.actions);
export const unsent = () => queue.waiting(app.actions);
export const refused = () => app.actions.filter((action) => action.state === "refused");

/** What the phone has kept is there at once, with or without a signal. */
export async function wake() {
  const person = await store.present();
  if (person) await load(person);
  return Boolean(app.day);
}

async function load(person) {
  app.person = person;
  const [session, day, prices, offset] = await Promise.all(["session", "day", "prices", "offset"].map((name) => store.get(person, name)));
  clock.set(offset);
  Object.assign(app, { session: session ?? null, day: day?.data ?? null, fetched: day?.at ?? 0, prices: prices?.data ?? [], whole: Boolean(day && prices) });
  app.actions = await store.actions(person);
  app.pictures = await store.pictures(person);
}

/**
 * Does something now, on the phone; the server hears of it as soon as it can. `place` promises where the phone is: the
 * moment counts from the tap, and nothing waits on the screen until the position is found.
 */
export async function act(kind, job, data = {}, { picture = null, place = null } = {}) {
  const action = await queue.keep(app.person, { kind, job_id: job?.id ?? null, data, picture, pass: job?.pass ?? "" });
  app.actions = await store.actions(app.person);
  app.draw();
  const placed = place?.then((found) => store.addToAction(action.person, action.id, found)).catch(() => {});
  Promise.resolve(placed).then(send);
  return action;
}

/** Soon by this page, and by the service worker if the page is closed before there is a signal. */
function send() {
  navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("queue")).catch(() => {});
  soon();
}

export async function retry(action, data) {
  await queue.again(app.person, action, data);
  app.actions = await store.actions(app.person);
  app.draw();
  soon();
}

export async function discard(action) {
  await store.dropAction(app.person, action.id);
  app.actions = await store.actions(app.person);
  app.draw();
}

/**
 * Before somebody leaves: sends what waits, for as long as it takes but no longer than `ms`. Resolves to how much waits
 * still. Nothing is asked or sent after it until the page is opened again, or `stay` is called.
 */
export async function lastRound(ms = 6_000) {
  const until = Date.now() + ms;
  for (;;) {
    app.actions = await store.actions(app.person);
    if (!app.sending && (!unsent().length || !app.online)) break;
    if (Date.now() > until) break;
    if (app.sending) await new Promise((resolve) => setTimeout(resolve, 100));
    else await sync();
  }
  leaving = true;
  clearTimeout(timer);
  return unsent().length;
}

export function stay() {
  leaving = false;
  soon();
}

/** Sends what waits, then asks how things stand. */
export async function sync() {
  clearTimeout(timer);
  timer = undefined;
  if (leaving) return;
  if (app.sending) {
    asked = true; // what is under way may have looked already: it looks once more
    return;
  }
  app.sending = true;
  try {
    await settle();
  } catch (problem) {
    if (!(problem instanceof net.Offline)) console.error("phone", problem);
    app.online = false;
    again();
  } finally {
    app.sending = false;
    if (app.person) app.actions = await store.actions(app.person);
    app.draw();
    if (asked) soon();
    asked = false;
  }
}

async function settle() {
  const who = await net.session().catch((problem) => (problem instanceof net.SignedOut ? null : Promise.reject(problem)));
  app.online = true;
  tries = 0;
  if (!who) {
    app.ended = "signed-out";
    close();
    return;
  }
  if (who.person !== app.person) {
    if (app.person) await quiet();
    await store.enter(who.person);
    await load(who.person);
  }
  if (app.ended === "signed-out") app.ended = "empty";
  app.session = who;
  await store.put(app.person, "session", who);
  await store.put(app.person, "offset", clock.difference());
  app.ended = await queue.send(app.person, tell);
  // busy: the service worker sends; the day is asked for again when it may be through
  if (["offline", "later", "busy"].includes(app.ended)) again();
  if (who.technician) {
    await fetchDay();
    await fetchPrices();
    app.draw();
    await fetchPictures();
    app.whole = true;
    listen();
  }
}

/** What is pushed to somebody who was here before is not for the one who is here now. */
async function quiet() {
  const worker = await navigator.serviceWorker?.getRegistration();
  const subscription = await worker?.pushManager?.getSubscription();
  await subscription?.unsubscribe();
}

async function tell(action, answer) {
  app.actions = await store.actions(app.person);
  app.draw();
  if (answer.outcome === "conflict" || answer.conflict) toast({ kind: "warning", text: "The office changed the same thing. Look at both versions." });
  if (answer.outcome === "refused") toast({ kind: "danger", text: answer.message });
  if (action.kind === "sale" && answer.earned_cents != null) toast({ kind: "success", text: `Sale recorded. It earns you ${money(answer.earned_cents)}.` });
}

async function fetchDay() {
  const sent = Date.now();
  const data = await net.getJson("/my/phone/day");
  const at = clock.now().getTime();
  await store.put(app.person, "day", { data, at });
  // what the server had before this answer is in it now
  for (const action of await store.actions(app.person)) if (action.state === "done" && action.sent <= sent) await store.dropAction(app.person, action.id);
  app.day = data;
  app.fetched = at;
}

async function fetchPrices() {
  const before = await store.get(app.person, "prices");
  const found = await net.fresher("/my/phone/prices", before?.tag);
  if (!found) return;
  await store.put(app.person, "prices", found);
  app.prices = found.data;
}

/** Photos and signatures of the day's jobs, so that they are seen without a signal; those of other days go. */
async function fetchPictures() {
  const files = app.day.jobs.flatMap((job) => job.files).filter((file) => file.kind !== "document").slice(0, MOST_PICTURES);
  const wanted = new Set(files.map((file) => file.id));
  for (const id of app.pictures.keys()) if (!wanted.has(id)) await store.dropPicture(app.person, id);
  for (const file of files) {
    if (asked) break; // something waits to be sent: the rest comes with the next round
    if (app.pictures.has(file.id)) continue;
    try {
      await store.putPicture(app.person, file.id, await net.getPicture(file.url, MOST_BYTES));
    } catch (problem) {
      if (!(problem instanceof net.Refused)) throw problem; // too large, or gone meanwhile: it is shown with a signal only
    }
  }
  app.pictures = await store.pictures(app.person);
}

export function soon(ms = GATHER_MS) {
  clearTimeout(timer);
  timer = setTimeout(sync, ms);
}

function again() {
  soon(TRY_MS[Math.min(tries++, TRY_MS.length - 1)]);
}

function listen() {
  if (stream || document.hidden || !window.EventSource) return;
  stream = source("/stream", ({ name }) => name && soon());
  stream.listen(["dispatch-changed", "time-changed", "times-changed"]);
}

function close() {
  stream?.close();
  stream = undefined;
}

/** Follows the signal, the screen and the clock for as long as the page is open. */
export function follow() {
  addEventListener("online", () => {
    tries = 0;
    soon(0);
  });
  addEventListener("offline", () => {
    app.online = false;
    close();
    app.draw();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else soon(0);
  });
  addEventListener("pageshow", (event) => event.persisted && soon(0));
  navigator.serviceWorker?.addEventListener("message", ({ data }) => data?.changed && soon(0));
  looking = setInterval(() => !document.hidden && soon(0), LOOK_MS);
  return () => clearInterval(looking);
}

export const money = (cents) => new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).format(cents / 100);

const zone = () => app.day?.zone ?? app.session?.zone ?? undefined;
const words = (options) => (moment) => new Intl.DateTimeFormat("en-US", { timeZone: zone(), ...options }).format(new Date(moment));
export const timeWords = words({ hour: "numeric", minute: "2-digit" });
export const dateWords = words({ weekday: "short", month: "short", day: "numeric" });
export const momentWords = words({ month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
/** A day without a time, such as 2031-03-15. */
export const dayWords = (day) => new Intl.DateTimeFormat("en-US", { timeZone: "UTC", month: "short", day: "numeric", year: "numeric" }).format(new Date(`${day}T00:00:00Z`));
export const minutesWords = (minutes) => (minutes >= 60 ? `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}` : `${minutes} min`);

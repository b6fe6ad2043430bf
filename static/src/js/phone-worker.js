// The service worker, served as /sw.js with what it keeps put in front: `self.TRUCKROLL = {version, files, frame}`.
import * as queue from "./phone/queue.js";
import * as store from "./phone/store.js";

const { version, files, frame } = self.TRUCKROLL;
const PREFIX = "truckroll-";
const CACHE = PREFIX + version;
const DAY = /^\/my\/day(\/jobs\/\d+)?\/?$/;

self.addEventListener("install", (event) => {
  event.waitUntil(keep());
});

/** All files under their hashed names, and the frame, asked for as nobody: it is the same for everybody. */
async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(files);
  const answer = await fetch(frame, { credentials: "omit", cache: "no-store" });
  if (!answer.ok) throw new Error("no frame");
  await cache.put(frame, answer);
}

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", ({ data }) => {
  if (data?.take === "over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && url.pathname === "/sign-out") event.respondWith(signOut(request));
  else if (request.method !== "GET") return;
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(request, url));
});

const kept = async (what) => (await caches.open(CACHE)).match(what);

/** A hashed name always means the same: what is kept needs no asking. */
async function file(request) {
  return (await kept(request)) ?? fetch(request);
}

/** The day opens from what is kept; every other page from the server, or without a signal with a word about that. */
async function page(request, url) {
  if (DAY.test(url.pathname) && (await store.present().catch(() => undefined))) return (await kept(frame)) ?? fetch(request);
  try {
    return await fetch(request);
  } catch (problem) {
    const found = await kept(frame);
    if (!found) throw problem;
    return found;
  }
}

/** Nobody reads on this phone what somebody has kept who signed out. */
async function signOut(request) {
  const answer = await fetch(request);
  await store.leave();
  const subscription = await self.registration.pushManager?.getSubscription().catch(() => null);
  await subscription?.unsubscribe();
  return answer;
}

// The signal is back while the page is closed: what waits is sent all the same.
self.addEventListener("sync", (event) => {
  if (event.tag === "queue") event.waitUntil(send());
});

async function send() {
  const person = await store.present();
  if (!person) return;
  const ended = await queue.send(person);
  await tell({ changed: true });
  if (ended === "offline") throw new Error("no signal yet"); // the browser asks again
}

async function tell(message) {
  for (const page of await self.clients.matchAll({ type: "window" })) page.postMessage(message);
}

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data?.json() ?? {}));
});

async function show({ title = "Your day has changed", body = "", url = "/my/day", tag = "day" }) {
  await tell({ changed: true });
  await self.registration.showNotification(title, { body, tag, renotify: true, icon: files.find((f) => f.includes("icon-192")), data: { url } });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url ?? "/my/day"));
});

async function open(url) {
  const target = new URL(url, location.origin);
  if (target.origin !== location.origin) return;
  const [page] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!page) await self.clients.openWindow(target.href);
  else {
    await page.focus();
    await page.navigate(target.href);
  }
}

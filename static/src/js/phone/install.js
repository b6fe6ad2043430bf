// The service worker: registered at the root, renewed when nobody is in the middle of something; and installing.
import { app } from "./app.js";

let registration;
let prompt;

export const offered = () => Boolean(prompt);
export const isWaiting = () => Boolean(registration?.waiting && navigator.serviceWorker.controller);

export async function install() {
  const asked = prompt;
  prompt = undefined;
  await asked?.prompt();
  app.draw();
}

/** The newer version takes over, and the page is loaded with it: everything that was done is kept. */
export function renew() {
  registration?.waiting?.postMessage({ take: "over" });
}

export async function register() {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    prompt = event;
    app.draw();
  });
  if (!navigator.serviceWorker) return;
  const controlled = Boolean(navigator.serviceWorker.controller);
  let reloaded = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!controlled || reloaded) return; // the very first one changes nothing on this page
    reloaded = true;
    location.reload();
  });
  try {
    registration = await navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" });
  } catch {
    return; // no signal just now, or the browser does not let it be kept: the page works without
  }
  if (!registration) return;
  // Just opened, nothing is typed yet: the newer version may take over at once.
  if (isWaiting() && !document.querySelector("dialog[open]")) renew();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", () => app.draw()));
  document.addEventListener("visibilitychange", () => !document.hidden && navigator.onLine && registration.update().catch(() => {}));
}

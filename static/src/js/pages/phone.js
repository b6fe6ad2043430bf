// The technician's phone. The page that the server drew is seen first; where the browser keeps data, this takes over: the
// day is then drawn from what the phone keeps, with a signal and without.
import { render } from "lit-html";
import { app, follow, sync, wake } from "../phone/app.js";
import { frame } from "../phone/frame.js";
import * as install from "../phone/install.js";
import * as position from "../phone/position.js";
import * as push from "../phone/push.js";

const ours = (path) => /^\/my\/day(\/jobs\/\d+)?\/?$/.test(path);
let root;

function draw() {
  if (!root) return;
  render(frame(), root);
  root.toggleAttribute("data-phone-whole", app.whole);
  position.follow();
  const color = app.session?.color;
  if (/^#[0-9a-f]{6}$/i.test(color ?? "")) document.documentElement.style.setProperty("--tr-accent", color);
}

/** From here on the screen is ours; what the server drew goes. */
function take() {
  if (root) return;
  root = document.querySelector(".tr-phone");
  root.replaceChildren();
  root.dataset.phoneReady = "";
  app.draw = draw;
  draw();
}

function go(path) {
  history.pushState(null, "", path);
  draw();
  scrollTo(0, 0);
  document.getElementById("main")?.focus({ preventScroll: true });
}

/** Links within the day need no server. */
function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!root || !link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || link.target) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !ours(url.pathname)) return;
    event.preventDefault();
    if (url.pathname !== location.pathname) go(url.pathname);
  });
  addEventListener("popstate", draw);
}

async function start() {
  const framed = document.querySelector("[data-phone-app=frame]");
  followLinks();
  install.register();
  const known = await wake();
  if (known || framed) take();
  const stop = follow();
  await sync();
  if (app.day) take();
  await push.look().catch(() => {});
  app.draw();
  addEventListener("pagehide", (event) => event.persisted || stop());
}

// Where nothing can be kept (a private window), the pages of the server go on working.
start().catch((problem) => console.warn("phone", problem));

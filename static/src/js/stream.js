// What happens elsewhere reaches the page as an event on <body>: hx-trigger="jobs-changed from:body".
// The names are read from the page's own hx-triggers. One connection per browser; polling where there is none.
import { source } from "./stream-source.js";

const POLL_MS = 30000;
const GATHER_MS = 250; // several changes of one request are one refetch
const OWN = new Set(["toast", "closeDialog"]);

const waiting = new Set();
let names = new Set();
let timer;
let poll;

function flush() {
  timer = undefined;
  if (document.hidden) return; // told when somebody looks again
  const now = [...waiting];
  waiting.clear();
  for (const name of now) document.body.dispatchEvent(new CustomEvent(name, { detail: { stream: true } }));
}

function hear(name) {
  if (!names.has(name)) return;
  waiting.add(name);
  timer ??= setTimeout(flush, GATHER_MS);
}

function receive({ name, up, down }) {
  if (name) hear(name);
  if (up) poll = clearInterval(poll);
  if (down) poll ??= setInterval(() => names.forEach(hear), POLL_MS);
}

function wanted() {
  const found = new Set();
  for (const element of document.querySelectorAll("[hx-trigger*='from:body']")) {
    for (const [, name] of element.getAttribute("hx-trigger").matchAll(/([\w:.-]+)(?:\[[^\]]*\])?\s+from:body/g)) if (!OWN.has(name)) found.add(name);
  }
  return found;
}

/** A SharedWorker holds the connection; without one, the tab that gets the lock does and tells the others. */
function connect(url, worker, key) {
  if (window.SharedWorker) {
    const shared = new SharedWorker(worker, { name: `truckroll ${key}` });
    shared.port.onmessage = ({ data }) => receive(data);
    shared.port.start();
    addEventListener("pagehide", () => shared.port.postMessage({ bye: true }));
    return (list) => shared.port.postMessage({ url, names: list });
  }
  const channel = new BroadcastChannel(`truckroll ${key}`);
  let stream;
  const all = new Set();
  channel.onmessage = ({ data }) => {
    if (data.names) {
      data.names.forEach((name) => all.add(name));
      stream?.listen(data.names);
    } else receive(data);
  };
  const lead = () => {
    stream = source(url, (message) => {
      receive(message);
      channel.postMessage(message);
    });
    stream.listen([...all, ...names]);
    return new Promise(() => {}); // leads until the tab closes
  };
  if (navigator.locks) navigator.locks.request(`truckroll ${key}`, lead);
  else lead();
  return (list) => {
    stream?.listen(list);
    channel.postMessage({ names: list });
  };
}

export function start() {
  const { stream: url, streamWorker, streamKey } = document.body.dataset;
  if (!url) return;
  let send;
  const look = () => {
    names = wanted();
    if (!names.size) return;
    send ??= connect(url, streamWorker, streamKey);
    send([...names]);
  };
  look();
  document.addEventListener("htmx:afterSettle", look);
  document.addEventListener("visibilitychange", () => !document.hidden && waiting.size && flush());
  addEventListener("pageshow", (event) => event.persisted && send && location.reload());
}

// Binds <… data-module="name other"> to modules/name.js: export default function (element) { …; return () => { undo } }.
// Files in modules/ are in the main bundle; those in modules/lazy/ are fetched when a page names them.
// What arrives later (by HTMX or another module) is mounted as it is inserted, and unmounted when it is gone.
import ready from "virtual:modules";

const mounted = new WeakMap();

async function bind(element, name) {
  const mount = ready[name] ?? (await import(`./modules/lazy/${name}.js`)).default;
  if (!element.isConnected) return;
  const unmount = mount(element);
  if (unmount) mounted.get(element)?.push(unmount);
}

function mountOne(element) {
  if (mounted.has(element)) return;
  mounted.set(element, []);
  for (const name of element.dataset.module.split(/\s+/).filter(Boolean)) {
    bind(element, name).catch((error) => console.error(`module ${name}`, error));
  }
}

function unmountOne(element) {
  const undo = mounted.get(element);
  if (!undo) return;
  mounted.delete(element);
  for (const unmount of undo) unmount();
}

function each(node, act) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  if (node.dataset?.module) act(node);
  for (const element of node.querySelectorAll("[data-module]")) act(element);
}

export function start() {
  each(document.documentElement, mountOne);
  new MutationObserver((records) => {
    for (const record of records) {
      // A node that was only moved (dragged) is still connected: it keeps its module.
      for (const node of record.removedNodes) if (!node.isConnected) each(node, unmountOne);
      for (const node of record.addedNodes) if (node.isConnected) each(node, mountOne);
    }
  }).observe(document.body, { childList: true, subtree: true });
}

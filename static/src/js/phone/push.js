// Being told of jobs while the page is closed (Web Push).
import { toast } from "../toasts.js";
import { app } from "./app.js";
import * as net from "./net.js";

let subscription = null;

export const offered = () => "PushManager" in window && Boolean(navigator.serviceWorker) && app.online;
export const isOn = () => subscription !== null;

export async function look() {
  if (!offered()) return;
  const worker = await navigator.serviceWorker.ready;
  subscription = await worker.pushManager.getSubscription();
}

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}

export async function toggle() {
  try {
    await (subscription ? off() : on());
  } catch (problem) {
    toast({ kind: "warning", text: problem instanceof net.Refused ? problem.message : "This phone cannot be told just now. Text messages come instead." });
  }
  app.draw();
}

async function on() {
  if ((await Notification.requestPermission()) !== "granted") {
    toast({ kind: "warning", text: "This phone does not allow it. Text messages come instead." });
    return;
  }
  const { key } = await net.getJson("/my/phone/push");
  const worker = await navigator.serviceWorker.ready;
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  await net.post("/my/phone/push", made.toJSON());
  subscription = made;
  toast({ kind: "success", text: "This phone is told of new and changed jobs." });
}

async function off() {
  await net.post("/my/phone/push/forget", { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
  subscription = null;
  toast({ kind: "success", text: "This phone is not told any more. Text messages come instead." });
}

// Where the phone is: reported while the page is open, the technician is clocked in and has agreed; and with each step.
import { app, shown } from "./app.js";
import * as clock from "./clock.js";
import * as net from "./net.js";

const EVERY_MS = 30_000;
const FAR_M = 100;
const FRESH_MS = 60_000;
const WAIT_MS = 2_500;
const MPH = 2.236936; // of a metre a second

let watch;
let last;
let reported;

// By both: what the server knows of, and what was tapped since.
const may = () => !document.hidden && [app.day, shown()].every((day) => day?.clock.in && day.consent.agreed);

function metres(one, other) {
  const rad = Math.PI / 180;
  const x = (other.longitude - one.longitude) * rad * Math.cos(((one.latitude + other.latitude) / 2) * rad);
  return Math.hypot(x, (other.latitude - one.latitude) * rad) * 6_371_000;
}

function body({ coords, timestamp }) {
  const plain = (value) => (Number.isFinite(value) ? value : null);
  return {
    latitude: coords.latitude, longitude: coords.longitude, speed: coords.speed > 0 ? Math.min(250, coords.speed * MPH) : plain(coords.speed),
    heading: plain(coords.heading), accuracy: plain(coords.accuracy),
    happened_at: clock.iso(Math.min(timestamp, Date.now()) + clock.difference()), sent_at: clock.now().toISOString(),
  };
}

async function report(found) {
  last = found;
  if (!may() || !app.online) return;
  const near = reported && metres(reported.coords, found.coords) < FAR_M;
  if (near && found.timestamp - reported.timestamp < EVERY_MS) return;
  reported = found;
  try {
    await net.post("/my/phone/location", body(found));
  } catch (problem) {
    // an old position is of no use later: the next one is reported instead, however near
    if (reported === found) reported = undefined;
    if (problem instanceof net.Refused && problem.status === 403) stop();
  }
}

function stop() {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  watch = undefined;
}

/** Begins or ends to report, as clock, consent and screen have it. Called with every change. */
export function follow() {
  if (!navigator.geolocation) return;
  if (!may()) stop();
  else watch ??= navigator.geolocation.watchPosition(report, () => {}, { enableHighAccuracy: true, maximumAge: 15_000 });
}

/** The position for a step, if the technician agreed: nobody waits for it longer than a moment. */
export async function along() {
  if (!shown()?.consent.agreed || !navigator.geolocation) return {};
  const plain = ({ coords }) => ({ latitude: Number(coords.latitude.toFixed(6)), longitude: Number(coords.longitude.toFixed(6)) });
  if (last && Date.now() - last.timestamp < FRESH_MS) return plain(last);
  const found = await new Promise((resolve) => {
    setTimeout(resolve, WAIT_MS);
    navigator.geolocation.getCurrentPosition(resolve, () => resolve(), { timeout: WAIT_MS, maximumAge: FRESH_MS });
  });
  return found ? plain(found) : {};
}

document.addEventListener("visibilitychange", follow);

// The phone's clock may be wrong by hours. What the server's clock says is measured with every answer that names it, and
// each action carries the difference that was known when it happened.
export const WRONG_MS = 120_000;

let offset = 0; // server − phone, in milliseconds
let known = false;

export function set(measured) {
  if (typeof measured !== "number") return;
  offset = measured;
  known = true;
}

/** From the server's `now` and when the question left: the answer was written about half way. */
export function measure(now, asked) {
  const came = Date.now();
  set(Math.round(Date.parse(now) - (asked + came) / 2));
  return offset;
}

export const difference = () => (known ? offset : 0);
export const isWrong = () => known && Math.abs(offset) > WRONG_MS;
/** The present moment as the server would say it. */
export const now = () => new Date(Date.now() + difference());
export const iso = (ms) => new Date(ms).toISOString();

/** How wrong it is, in words: “3 hours fast”. */
export function words() {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const amount = minutes >= 90 ? `${Math.round(minutes / 60)} hours` : `${minutes} minutes`;
  return `${amount} ${offset < 0 ? "fast" : "slow"}`;
}

/**
 * When an action happened, by the server's clock. `at` and `offset` were noted then; `before` is the action ahead of it
 * in the queue. If somebody set the clock in between, one of two differences is right: the one that keeps the order.
 */
export function corrected(at, noted, present, before = 0) {
  const then = at + (noted ?? present);
  if (noted == null || Math.abs(noted - present) <= WRONG_MS) return then;
  const later = at + present;
  const fits = (ms) => ms >= before - WRONG_MS && ms <= Date.now() + present + WRONG_MS;
  return !fits(then) && fits(later) ? later : then;
}

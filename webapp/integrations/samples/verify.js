// How a receiver checks what Truckroll sends. Node.js 16 or newer, nothing to install.
//
// Express, a connector's call:   verifyCall(KEYS, "https://api.example.com/orders", url.search.slice(1), req.headers, req.body)
// Express, a webhook:            verifyWebhook(SECRET, req.headers, req.body)
//
// Take the body as the bytes that arrived (express.raw({ type: "*/*" })): a body that was read as JSON and written again
// is another one.
const crypto = require("node:crypto");

const CALL_SECONDS = 30; // how old a connector's call may be
const WEBHOOK_SECONDS = 300; // … and a webhook

// Whether a connector's call comes from Truckroll. keys: the signing key, and the new one while it is rotated; url: the
// address without its query, as it stands in the connector; query: what is behind its question mark.
function verifyCall(keys, url, query, headers, body, now = Date.now() / 1000) {
  const timestamp = headers["x-timestamp"] ?? "";
  if (!fresh(timestamp, CALL_SECONDS, now)) return false;
  const content = body && body.length ? Buffer.from(body) : Buffer.from(queryContent(query));
  const signed = Buffer.concat([Buffer.from(`${url}:${headers["x-idempotency-key"] ?? ""}:${timestamp}:`), content]);
  const given = headers["x-signature"] ?? "";
  return keys.some((key) => same(crypto.createHmac("sha256", key).update(signed).digest("hex"), given));
}

// A GET is signed by its query: JSON with sorted keys, ", " and ": " between, and \u for whatever is not ASCII.
function queryContent(query) {
  const found = new Map(new URLSearchParams(query));
  const text = (value) =>
    JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  const names = [...found.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return "{" + names.map((name) => `${text(name)}: ${text(found.get(name))}`).join(", ") + "}";
}

// Whether a webhook comes from Truckroll, by its Standard Webhooks headers. Remember webhook-id: the same event may
// arrive twice under it.
function verifyWebhook(secret, headers, body, now = Date.now() / 1000) {
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!fresh(timestamp, WEBHOOK_SECONDS, now)) return false;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"] ?? ""}.${timestamp}.`), Buffer.from(body)]);
  const expected = "v1," + crypto.createHmac("sha256", key).update(signed).digest("base64");
  // after a rotation there are several for a day
  return (headers["webhook-signature"] ?? "").split(" ").some((given) => same(expected, given));
}

// The same by the header of the API it was registered with, X-TradeKitt-Signature or X-EAL-Signature.
function verifyOwnHeader(secret, header, body, now = Date.now() / 1000) {
  const parts = header.split(",").map((part) => part.split("="));
  const timestamp = (parts.find(([name]) => name === "t") ?? [])[1] ?? "";
  if (!fresh(timestamp, WEBHOOK_SECONDS, now)) return false;
  const signed = Buffer.concat([Buffer.from(`${timestamp}.`), Buffer.from(body)]);
  const expected = crypto.createHmac("sha256", secret).update(signed).digest("hex");
  return parts.some(([name, value]) => name === "v1" && same(expected, value ?? ""));
}

function fresh(timestamp, seconds, now) {
  return /^[0-9]{1,12}$/.test(timestamp) && Math.abs(now - Number(timestamp)) <= seconds;
}

function same(expected, given) {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

module.exports = { verifyCall, verifyWebhook, verifyOwnHeader };

// What stands around every screen of the phone: title, banners, tabs, and the sheet with the rest.
import { html, nothing } from "lit-html";
import { ask } from "../confirm.js";
import { toast } from "../toasts.js";
import { act, app, lastRound, refused, shown, soon, stay, timeWords, unsent } from "./app.js";
import * as clock from "./clock.js";
import { dayView } from "./day.js";
import { problem } from "./decisions.js";
import * as install from "./install.js";
import { action, jobView } from "./job.js";
import * as net from "./net.js";
import { icon } from "./parts.js";
import * as push from "./push.js";
import { named } from "./state.js";
import { leave } from "./store.js";

const JOB = /^\/my\/day\/jobs\/(\d+)\/?$/;

export function frame() {
  const day = shown();
  const [, number] = JOB.exec(location.pathname) ?? [];
  const ours = number !== undefined || /^\/my\/day\/?$/.test(location.pathname);
  const job = day?.jobs.find((j) => j.id === Number(number));
  const title = !ours ? "No signal" : number === undefined ? "My day" : (job?.title ?? "Job");
  document.title = `${title} · ${app.session?.company ?? "Truckroll"}`;
  return html`
    <header class="tr-phone-top">
      ${number === undefined ? nothing : html`<a class="tr-btn tr-btn-ghost tr-btn-icon" href="/my/day">${icon("arrow-left", 20)}<span class="visually-hidden">Back</span></a>`}
      <h1>${title}</h1>${signal()}
    </header>
    <main class="tr-phone-page" id="main" tabindex="-1">${banners()}${screen(day, job, number, ours)}</main>
    ${job && NEXT_OF(job) ? html`<div class="tr-phone-action">${action(job)}</div>` : nothing}
    ${tabs()}`;
}

const NEXT_OF = (job) => job.held === null && !["completed", "cancelled", "pending"].includes(job.status);

function screen(day, job, number, ours) {
  if (!ours) return empty("wifi-off", "This page needs a signal", html`<a class="tr-btn tr-btn-primary" href="/my/day">My day</a>`);
  if (!day) return app.sending ? html`<div class="tr-loading-day" role="status">Loading your day …</div>` : empty("cloud-off", "Nothing is kept on this phone yet", html`<p>Open this page once with a signal.</p><button class="tr-btn tr-btn-secondary" @click=${() => soon(0)}>Try again</button>`);
  if (number === undefined) return html`${refused().map(problem)}${dayView(day)}`;
  if (!job) return empty("calendar-x", "This job is not on your day", html`<a class="tr-btn tr-btn-primary" href="/my/day">My day</a>`);
  return html`${refused().filter((a) => a.job_id === job.id).map(problem)}${jobView(job)}`;
}

const empty = (glyph, title, more) => html`<div class="tr-empty"><span class="tr-empty-icon">${icon(glyph, 24)}</span><h2>${title}</h2>${more}</div>`;

/** Whether everything is with the office; opens the list of what is not. */
function signal() {
  const count = unsent().length;
  if (!count && app.online) return nothing;
  const words = count ? `${count} not sent yet` : "No signal";
  return html`<button class="tr-signal" popovertarget="unsent">${icon(app.online ? "refresh-cw" : "cloud-off", 16)}<span>${words}</span></button>
    <div class="tr-sheet" id="unsent" popover><h2>${words}</h2>
      ${count ? html`<ol class="tr-rows">${unsent().map((a) => html`<li><span>${named(a)}</span><span class="tr-sub">${timeWords(a.at + (a.offset ?? 0))}</span></li>`)}</ol>` : html`<p>Everything is with the office.</p>`}
      <p class="tr-sub">${app.fetched ? `As it was at ${timeWords(app.fetched)}. ` : ""}${count ? "Sent in this order as soon as there is a signal." : ""}</p>
      ${app.ended === "signed-out" ? nothing : html`<button class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => soon(0)}>${icon("refresh-cw", 18)}Try now</button>`}</div>`;
}

function banners() {
  const count = unsent().length;
  const next = encodeURIComponent(location.pathname);
  return html`
    ${app.ended === "signed-out" ? html`<div class="tr-callout tr-callout-warning" role="status">${icon("log-in", 18)}<div><p><strong>You are signed out.</strong> ${count ? `${count === 1 ? "One thing waits" : `${count} things wait`} on this phone and ${count === 1 ? "is" : "are"} sent when you sign in again.` : "Sign in to see what is new."}</p><a class="tr-btn tr-btn-primary" href="/sign-in?next=${next}">Sign in</a></div></div>` : nothing}
    ${clock.isWrong() ? html`<div class="tr-callout tr-callout-info" role="status">${icon("alarm-clock", 18)}<div><p>This phone’s clock is ${clock.words()}. Times are corrected when they are sent.</p></div></div>` : nothing}
    ${install.isWaiting() ? html`<div class="tr-callout tr-callout-info" role="status">${icon("refresh-cw", 18)}<div><p>A newer version is here.</p><button class="tr-btn tr-btn-secondary" @click=${install.renew}>Use it</button></div></div>` : nothing}`;
}

// Tabs -------------------------------------------------------------------------------------------------------------

function tabs() {
  const items = app.session?.tabs ?? [{ label: "My day", url: "/my/day", icon: "calendar-check" }];
  const [shownTabs, rest] = [items.slice(0, 3), items.slice(3)];
  const here = (url) => (location.pathname === url || location.pathname.startsWith(`${url}/`) ? "page" : nothing);
  return html`<nav class="tr-tabbar" aria-label="Main"><ul>
      ${shownTabs.map((t) => html`<li><a class="tr-tabbar-item" href=${t.url} aria-current=${here(t.url)}>${icon(t.icon, 22)}<span>${t.label}</span></a></li>`)}
      <li><button type="button" class="tr-tabbar-item" popovertarget="more">${icon("menu", 22)}<span>More</span></button></li>
    </ul></nav>
    <div class="tr-sheet" id="more" popover><nav aria-label="More">
      ${rest.map((t) => html`<a class="tr-menu-item" href=${t.url}>${icon(t.icon, 20)}<span>${t.label}</span></a>`)}
      ${settings()}
      <hr><a class="tr-menu-item" href="/account">${icon("user-round", 20)}<span>${app.session?.name ?? "My account"}</span></a>
      <form method="post" action="/sign-out" @submit=${signOut}><input type="hidden" name="csrf_token" .value=${net.token()}><button type="submit" class="tr-menu-item">${icon("log-out", 20)}<span>Sign out</span></button></form>
    </nav></div>`;
}

function settings() {
  const agreed = shown()?.consent.agreed;
  return html`
    ${app.day ? html`<button type="button" class="tr-menu-item" aria-pressed=${agreed ? "true" : "false"} @click=${() => act("consent", null, { agreed: !agreed })}>${icon("map-pin", 20)}<span>${agreed ? "Stop sharing my position" : "Share my position while clocked in"}</span></button>` : nothing}
    ${push.offered() ? html`<button type="button" class="tr-menu-item" @click=${push.toggle}>${icon("bell", 20)}<span>${push.isOn() ? "Stop telling this phone of jobs" : "Tell this phone of new jobs"}</span></button>` : nothing}
    ${install.offered() ? html`<button type="button" class="tr-menu-item" @click=${install.install}>${icon("smartphone", 20)}<span>Install on this phone</span></button>` : nothing}`;
}

async function signOut(event) {
  const form = event.target;
  if (form.dataset.agreed) return;
  event.preventDefault();
  if (!app.online) {
    toast({ kind: "warning", text: "You can sign out when there is a signal." });
    return;
  }
  const button = event.submitter;
  if (button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const count = await lastRound();
  button.removeAttribute("aria-busy");
  const question = `${count === 1 ? "One thing is not sent yet. It stays on this phone and is" : `${count} things are not sent yet. They stay on this phone and are`} sent when you sign in here again. Sign out?`;
  if (count && !(await ask(question, { label: "Sign out", cancel: "Stay" }))) {
    stay();
    return;
  }
  form.dataset.agreed = "yes";
  form.elements.csrf_token.value = net.token();
  await leave(); // the service worker does it too, wherever somebody signs out; not every browser has one
  form.submit();
}

// My day: the clock, what needs deciding, and the stops in their order with the drives between them.
import { html, nothing } from "lit-html";
import { act, app, minutesWords, timeWords } from "./app.js";
import { versions } from "./decisions.js";
import { icon, kept, pill } from "./parts.js";
import { along } from "./position.js";
import { saleSheet } from "./sheets.js";
import { isOver, STATUS_WORDS } from "./state.js";

export function dayView(day) {
  const days = new Map([[day.today, []]]);
  for (const job of day.jobs) days.set(job.day, [...(days.get(job.day) ?? []), job]);
  return html`<div class="tr-stack">
    ${time(day.clock)} ${consent(day)} ${day.conflicts.map((c) => versions(c, c.title, false))}
    ${[...days].map(([date, jobs]) => ofDay(date, jobs, day))}
    <button class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => saleSheet(null)}>${icon("badge-dollar-sign", 18)}Record a sale</button>
  </div>`;
}

const ofDay = (date, jobs, day) => html`<section class="tr-stack" aria-labelledby="day-${date}">
  <h2 class="tr-section-title" id="day-${date}">${dayWords(date, day.today)}${jobs.length ? html` <span class="tr-sub">${left(jobs)}</span>` : nothing}</h2>
  ${jobs.length
    ? html`<ol class="tr-day">${withBlocks(jobs, day.blocks).map((one) => (one.customer === undefined ? block(one) : stop(one)))}</ol>`
    : html`<div class="tr-empty"><span class="tr-empty-icon">${icon("calendar-check", 24)}</span><h3>No jobs ${date === day.today ? "today" : "then"}</h3><p>New ones show here, and your phone tells you.</p></div>`}
</section>`;

function dayWords(date, today) {
  if (date === today) return "Today";
  const noon = `${date}T12:00:00`;
  const next = new Date(`${today}T12:00:00`);
  next.setDate(next.getDate() + 1);
  const same = next.toDateString() === new Date(noon).toDateString();
  return same ? "Tomorrow" : new Intl.DateTimeFormat("en-US", { weekday: "short", month: "short", day: "numeric" }).format(new Date(noon));
}

function left(jobs) {
  const open = jobs.filter((job) => !isOver(job)).length;
  return open ? `${open} of ${jobs.length} to do` : "all done";
}

/** Jobs and what else stands on the lane, as they come. */
function withBlocks(jobs, blocks) {
  const first = jobs.find((job) => job.starts_at)?.starts_at;
  const last = jobs.findLast((job) => job.ends_at)?.ends_at;
  const between = blocks.filter((b) => first && b.ends_at > first && b.starts_at < last);
  return [...jobs, ...between].sort((a, b) => ((a.starts_at ?? "9") < (b.starts_at ?? "9") ? -1 : 1));
}

const block = (one) => html`<li class="tr-lane-block">${icon("coffee", 16)} ${one.title}, ${timeWords(one.starts_at)}–${timeWords(one.ends_at)}</li>`;

const stop = (job) => html`<li>
  ${job.drive_minutes ? html`<p class="tr-drive">${icon("route", 16)} ${minutesWords(job.drive_minutes)} drive</p>` : nothing}
  <a class="tr-stop" href="/my/day/jobs/${job.id}" ?data-over=${isOver(job)} ?data-urgent=${job.priority === "urgent" && !isOver(job)}>
    <span class="tr-stop-when">${job.starts_at ? timeWords(job.starts_at) : "Any time"}</span>
    <span class="tr-stop-what"><strong>${job.title}</strong><span>${job.customer}</span><span class="tr-sub">${job.address}</span>
      ${job.window_start ? html`<span class="tr-sub">Promised ${timeWords(job.window_start)}–${timeWords(job.window_end)}</span>` : nothing}</span>
    <span class="tr-stop-state">${job.held === null ? pill(job.status, STATUS_WORDS[job.status]) : pill("on_hold", "On hold")}
      ${job.priority === "urgent" && !isOver(job) ? pill("urgent", "Urgent") : nothing}
      ${job.conflicts.length ? pill("on_hold", "Two versions") : nothing}${job.waits ? html`<span class="tr-waits">${icon("cloud-off", 14)} ${job.waits}</span>` : nothing}</span>
  </a></li>`;

// The clock --------------------------------------------------------------------------------------------------------

function time(clock) {
  if (clock.missing) return html`<a class="tr-day-clock" href="/my/time" data-missing>${icon("alarm-clock", 22)}<span><strong>You did not clock out</strong><span class="tr-sub">Say when you stopped, under My time</span></span></a>`;
  if (!clock.in) {
    return html`<section class="tr-day-clock" aria-label="Clock">${icon("moon", 22)}<span><strong>Not clocked in</strong></span>
      <button class="tr-btn tr-btn-primary" @click=${() => punch("clock-in", {}, "You are clocked in.")}>Clock in</button></section>`;
  }
  if (clock.break) {
    return html`<section class="tr-day-clock" data-break aria-label="Clock">${icon("coffee", 22)}<span><strong>${clock.break === "lunch" ? "Lunch" : "Rest break"}</strong><span class="tr-sub">since ${timeWords(clock.break_since)}</span></span>
      <button class="tr-btn tr-btn-primary" @click=${() => punch("break-end", {}, "Back at work.")}>End break</button></section>`;
  }
  return html`<section class="tr-day-clock" data-in aria-label="Clock">${icon("circle-play", 22)}<span><strong>Clocked in</strong><span class="tr-sub">since ${timeWords(clock.since)}</span></span>
    <span class="tr-day-clock-do"><button class="tr-btn tr-btn-secondary" @click=${() => punch("break", { kind: "lunch" }, "Enjoy your lunch.")}>Lunch</button><button class="tr-btn tr-btn-secondary" @click=${() => punch("clock-out", {}, "You are clocked out.")}>Clock out</button></span></section>`;
}

async function punch(kind, data, words) {
  await act(kind, null, data, { place: kind.startsWith("clock") ? along() : null });
  kept(words);
}

function consent(day) {
  if (day.consent.asked || !day.clock.in || app.notNow) return nothing;
  return html`<section class="tr-ask" aria-label="Position"><h2>Share where you are?</h2>
    <p>While you are clocked in and this page is open: for the office, and for the customer you are on the way to. You can take it back any time, under More.</p>
    <div class="tr-two-up"><button class="tr-btn tr-btn-secondary" @click=${() => ((app.notNow = true), app.draw())}>Not now</button><button class="tr-btn tr-btn-primary" @click=${() => act("consent", null, { agreed: true })}>I agree</button></div></section>`;
}



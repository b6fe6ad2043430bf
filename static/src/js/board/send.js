// What the board says to the server, and what it shows of the answer: toasts with undo, the dialog of what is in the way,
// the dialog of what somebody else did meanwhile. Nothing typed or dragged is lost on a refusal.
import { csrf, el, icon, modal } from "../dom.js";
import { toast } from "../toasts.js";

/** Posts JSON; {ok, status, body}. Offline is status 0. */
export async function post(url, body) {
  try {
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf() }, body: JSON.stringify(body) });
    const text = await answer.text();
    let parsed = {};
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = { message: answer.status === 401 ? "You are signed out. Sign in again, then repeat this." : "Something went wrong on our side. Nothing was changed." };
    }
    return { ok: answer.ok, status: answer.status, body: parsed };
  } catch {
    return { ok: false, status: 0, body: { message: "No connection. Nothing was changed." } };
  }
}

const KINDS = { job: "calendar-clock", time_off: "calendar-x", block: "clock", shift: "moon", skill: "badge-check", zone: "map-pin", travel: "navigation", reserve: "siren", left: "user-x" };

/** A list of what is in the way. */
export function reasons(clashes) {
  return el("ul", { class: "tr-reasons" }, ...clashes.map((clash) => el("li", { "data-kind": clash.kind }, icon(KINDS[clash.kind] ?? "triangle-alert", 14), el("span", {}, clash.message))));
}

/** Asks for a reason to do it all the same; resolves with it, or null. */
export function override(title, message, clashes, { mayOverride }) {
  return new Promise((resolve) => {
    const input = el("input", { class: "tr-input", type: "text", maxlength: 500, id: "override-reason", autocomplete: "off", required: true });
    const no = el("button", { type: "button", class: "tr-btn tr-btn-secondary" }, mayOverride ? "Leave it where it was" : "Close");
    const yes = mayOverride ? el("button", { type: "submit", class: "tr-btn tr-btn-primary" }, "Do it all the same") : null;
    const form = el(
      "form",
      { class: "tr-dialog-body", novalidate: true },
      el("h2", {}, title),
      clashes.length ? reasons(clashes) : el("p", {}, message),
      mayOverride ? el("div", { class: "tr-field" }, el("label", { class: "tr-label", for: "override-reason" }, "Reason to do it all the same"), input) : null,
      el("div", { class: "tr-dialog-foot" }, no, yes),
    );
    const dialog = modal("tr-confirm tr-override", title, form);
    dialog.setAttribute("role", "alertdialog");
    let reason = null;
    no.addEventListener("click", () => dialog.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      reason = input.value.trim();
      if (!reason) {
        reason = null;
        input.setAttribute("aria-invalid", "true");
        input.focus();
        return;
      }
      dialog.close();
    });
    dialog.addEventListener("close", () => resolve(reason));
    (mayOverride ? input : no).focus();
  });
}

/** Somebody was faster: shows both, and asks which shall hold. Resolves true to do one's own. */
export function meanwhile(message, theirs, mine) {
  return new Promise((resolve) => {
    const keep = el("button", { type: "button", class: "tr-btn tr-btn-secondary" }, "Leave it as it is now");
    const move = el("button", { type: "button", class: "tr-btn tr-btn-primary" }, "Move it to mine");
    const body = el(
      "div",
      { class: "tr-dialog-body" },
      el("h2", {}, "Moved meanwhile"),
      el("p", {}, message),
      el("dl", { class: "tr-both" }, el("div", {}, el("dt", {}, "Now"), el("dd", {}, theirs)), el("div", {}, el("dt", {}, "Yours"), el("dd", {}, mine))),
      el("div", { class: "tr-dialog-foot" }, keep, move),
    );
    const dialog = modal("tr-confirm", "Moved meanwhile", body);
    dialog.setAttribute("role", "alertdialog");
    let mineHolds = false;
    keep.addEventListener("click", () => dialog.close());
    move.addEventListener("click", () => {
      mineHolds = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => resolve(mineHolds));
    keep.focus();
  });
}

/** Undo from a toast of the board is asked for here, so that the page stays. */
export function catchUndo(after) {
  const handler = async (event) => {
    const form = event.target;
    if (!form.closest?.("#toasts") || !new URL(form.action).pathname.startsWith("/dispatch/undo/")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const line = form.closest(".tr-toast");
    const { ok, body } = await post(form.action, {});
    line?.remove();
    toast(ok ? body.toast : { kind: "danger", text: body.message });
    after();
  };
  document.addEventListener("submit", handler, { capture: true });
  return () => document.removeEventListener("submit", handler, { capture: true });
}

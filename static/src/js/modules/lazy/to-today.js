// A month on a phone is a long list: it opens at today, not at the first.
export default function toToday(calendar) {
  if (!matchMedia("(max-width: 760px)").matches || scrollY > 0) return;
  calendar.querySelector(".is-today")?.scrollIntoView({ block: "start" });
}

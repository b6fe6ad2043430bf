// A running time: data-seconds is what it was when the page was made, data-runs says that it goes on. Shown as 3:07:42.
function words(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
}

export default function elapsed(element) {
  const first = Number(element.dataset.seconds);
  if (!Number.isFinite(first)) return undefined;
  // Counted by a clock that nobody sets, so that a phone whose time is put right does not jump.
  const start = performance.now();
  const runs = "runs" in element.dataset;
  const update = () => {
    element.textContent = words(Math.floor(first + (runs ? (performance.now() - start) / 1000 : 0)));
  };
  update();
  if (!runs) return undefined;
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
}

// "3 min ago" stays true while the page stands open; beyond a day the server's words are left.
const MINUTE = 60000;

function words(minutes) {
  if (minutes < 1) return "just now";
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

export default function ago(element) {
  const then = Date.parse(element.dateTime);
  if (Number.isNaN(then)) return undefined;
  const update = () => {
    const minutes = Math.floor((Date.now() - then) / MINUTE);
    if (minutes >= 0 && minutes < 24 * 60) element.textContent = words(minutes);
  };
  const timer = setInterval(update, MINUTE / 2);
  return () => clearInterval(timer);
}

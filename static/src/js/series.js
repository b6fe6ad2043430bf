// Colours for the series of a chart that stay apart for everybody: also for those who see two of the three primaries,
// on a bad screen and in print. Pure arithmetic: colours are [red, green, blue] from 0 to 255.

/** What each kind of colour blindness makes of linear light: Machado, Oliveira and Fernandes 2009, severity 1. */
const SIGHTS = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
];
// dark and light ones of every kind of hue: whatever the company's own colour is, some differ from it in lightness
const ON_LIGHT = ["#1e1b4b", "#d97706", "#7c2d12", "#0b8ec9", "#a44bd1", "#d0437c", "#134e4a", "#57534e", "#65a30d"];
const ON_DARK = ["#fde68a", "#f97316", "#7dd3fc", "#c084fc", "#f472b6", "#e7e5e4", "#34d399", "#3b82f6", "#9f6b4a"];
const LIGHTNESS = 1.6; // a difference in lightness is seen by everybody, and counts for so much more than one in hue

export const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const linear = (c) => (c <= 10.31475 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4);

/** Relative luminance (WCAG). */
export function luminance(rgb) {
  const [r, g, b] = rgb.map(linear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast of two colours (WCAG): from 1 to 21. */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** A colour in OKLab as one sees it. */
function seen(rgb, m) {
  const light = rgb.map(linear);
  const [r, g, b] = [0, 3, 6].map((at) => Math.min(1, Math.max(0, m[at] * light[0] + m[at + 1] * light[1] + m[at + 2] * light[2])));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const a = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [0.2104542553 * l + 0.793617785 * a - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * a + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * a - 0.808675766 * s];
}

/** How far apart two colours are for whoever tells them apart worst. */
export function apart(one, other) {
  return Math.min(...SIGHTS.map((m) => {
    const [a, b] = [seen(one, m), seen(other, m)];
    return Math.hypot(LIGHTNESS * (a[0] - b[0]), a[1] - b[1], a[2] - b[2]);
  }));
}

/** The accent first, then one after the other what is farthest from all before it and stands out on the surface. */
export function palette(accent, surface, most = 6) {
  const found = [accent];
  const candidates = (luminance(surface) > 0.2 ? ON_LIGHT : ON_DARK).map(rgbOf).filter((color) => contrast(color, surface) >= 3);
  while (found.length < most && candidates.length) {
    const worst = candidates.map((color) => Math.min(...found.map((taken) => apart(taken, color))));
    found.push(...candidates.splice(worst.indexOf(Math.max(...worst)), 1));
  }
  return found;
}

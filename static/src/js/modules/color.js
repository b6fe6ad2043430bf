// A colour that comes from data: data-color="#rrggbb" becomes --tr-c (and --tr-on-c, what can be read on it).
const HEX = /^#[0-9a-f]{6}$/i;

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export default function color(element) {
  const hex = element.dataset.color;
  if (!HEX.test(hex)) return;
  element.style.setProperty("--tr-c", hex);
  element.style.setProperty("--tr-on-c", luminance(hex) > 0.179 ? "#111318" : "#ffffff");
  element.dataset.colored = "";
}

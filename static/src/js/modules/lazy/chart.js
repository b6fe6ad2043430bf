// Draws the chart.js configuration in the element's <script type="application/json"> in the colours of the theme.
import Chart from "chart.js/auto";
import { listen } from "../../dom.js";

const FURTHER = ["#d97706", "#0b8ec9", "#a44bd1", "#0e9384", "#d0437c"];
const APART = 40; // degrees of hue between two series that people can tell from each other
const dollars = (cents) => `${cents < 0 ? "−" : ""}$${Math.abs(Math.round(cents / 100)).toLocaleString("en-US")}`;
const exact = (cents) => `${cents < 0 ? "−" : ""}$${Math.floor(Math.abs(cents) / 100).toLocaleString("en-US")}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;

/** The computed value of a custom property as a colour a canvas understands. */
function colorOf(element, name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Hue of any CSS colour in degrees; none for a grey. */
function hueOf(color) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  const high = Math.max(red, green, blue);
  const span = high - Math.min(red, green, blue);
  if (span < 16) return null;
  const sixth = high === red ? (green - blue) / span : high === green ? 2 + (blue - red) / span : 4 + (red - green) / span;
  return (sixth * 60 + 360) % 360;
}

/** The accent first, then the colours that cannot be taken for it. */
function palette(accent) {
  const own = hueOf(accent);
  const far = (color) => {
    const between = Math.abs(hueOf(color) - own);
    return own === null || Math.min(between, 360 - between) >= APART;
  };
  return [accent, ...FURTHER.filter(far)];
}

function paint(element, config) {
  const line = colorOf(element, "--tr-line");
  const quiet = colorOf(element, "--tr-text-2");
  const surface = colorOf(element, "--tr-surface");
  const series = palette(colorOf(element, "--tr-chart"));
  const round = ["pie", "doughnut"].includes(config.type);
  config.data.datasets.forEach((set, index) => {
    const own = series[index % series.length];
    set.borderColor ??= round ? surface : own;
    set.backgroundColor ??= round ? set.data.map((_, at) => series[at % series.length]) : own;
    if (config.type === "line") {
      set.tension ??= 0.25;
      set.pointRadius ??= 0;
      set.pointHoverRadius ??= 4;
      set.borderWidth ??= 2;
    }
    if (config.type === "bar") {
      set.borderRadius ??= 3;
      set.borderWidth ??= 0;
      set.maxBarThickness ??= 36;
    }
  });
  const { money } = config;
  delete config.money;
  const options = (config.options ??= {});
  options.responsive = true;
  options.maintainAspectRatio = false;
  options.animation = matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 250 };
  options.interaction ??= { mode: "index", intersect: false };
  options.plugins ??= {};
  options.plugins.legend ??= { display: round || config.data.datasets.length > 1, position: round ? "right" : "bottom", labels: { color: quiet, boxWidth: 10, boxHeight: 10, useBorderRadius: true, borderRadius: 2 } };
  options.plugins.tooltip ??= { padding: 10, cornerRadius: 6, boxPadding: 4 };
  if (money) options.plugins.tooltip.callbacks ??= { label: (item) => ` ${item.dataset.label ?? item.label}: ${exact(item.raw)}` };
  if (!round) {
    const scales = (options.scales ??= {});
    const across = options.indexAxis === "y";
    for (const axis of ["x", "y"]) {
      const values = across ? axis === "x" : axis === "y";
      const scale = (scales[axis] ??= {});
      scale.grid ??= { color: line, display: values };
      scale.border ??= { display: false };
      scale.ticks = { color: quiet, maxRotation: 0, autoSkipPadding: 16, ...(money && values ? { callback: dollars } : {}), ...scale.ticks };
      if (values) scale.beginAtZero ??= true;
    }
  }
  return config;
}

export default function chart(element) {
  const canvas = element.querySelector("canvas");
  const source = element.querySelector('script[type="application/json"]').textContent;
  const toggle = element.querySelector("[data-chart-toggle]");
  const behind = element.querySelector("[data-chart-table]");
  element.querySelector("[data-chart-canvas]").style.height = `${element.dataset.height}px`;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    drawn = new Chart(canvas, paint(element, JSON.parse(source)));
  };
  draw();
  const stopTheme = listen(document, { "tr:theme": draw });
  const stop = toggle
    ? listen(toggle, {
        click() {
          const on = behind.toggleAttribute("data-open");
          toggle.setAttribute("aria-expanded", String(on));
        },
      })
    : () => {};
  return () => {
    stopTheme();
    stop();
    drawn?.destroy();
  };
}

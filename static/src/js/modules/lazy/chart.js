// Draws the chart.js configuration in the element's <script type="application/json"> in the colours of the theme.
import Chart from "chart.js/auto";
import { listen } from "../../dom.js";
import { palette } from "../../series.js";

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [1, 4], [12, 4]]; // colours are never all that tells two lines apart
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

/** Any CSS colour as red, green and blue. */
function rgbOf(color) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** Bars of every second series are hatched. */
function hatched(color, surface) {
  const tile = new OffscreenCanvas(8, 8);
  const pen = tile.getContext("2d");
  pen.fillStyle = color;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = surface;
  pen.lineWidth = 1.5;
  for (const from of [-8, 0, 8]) {
    pen.moveTo(from, 8);
    pen.lineTo(from + 8, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function paint(element, config) {
  const line = colorOf(element, "--tr-line");
  const quiet = colorOf(element, "--tr-text-2");
  const surface = colorOf(element, "--tr-surface");
  const series = palette(rgbOf(colorOf(element, "--tr-chart")), rgbOf(surface)).map((rgb) => `rgb(${rgb.join(", ")})`);
  const round = ["pie", "doughnut"].includes(config.type);
  config.data.datasets.forEach((set, index) => {
    const own = series[index % series.length];
    set.borderColor ??= round ? surface : own;
    set.backgroundColor ??= round ? set.data.map((_, at) => series[at % series.length]) : config.type === "bar" && index % 2 ? hatched(own, surface) : own;
    if (config.type === "line") {
      set.tension ??= 0.25;
      set.pointRadius ??= 0;
      set.pointHoverRadius ??= 4;
      set.borderWidth ??= 2;
      set.borderDash ??= DASHES[index % DASHES.length];
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
  options.plugins.legend ??= { display: round || config.data.datasets.length > 1, position: round ? "right" : "bottom", labels: { color: quiet, ...(config.type === "line" ? { usePointStyle: true, pointStyle: "line", pointStyleWidth: 28 } : {}), boxWidth: 10, boxHeight: 10, useBorderRadius: true, borderRadius: 2 } };
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

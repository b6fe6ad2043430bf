// Leaves out of Tabler's stylesheet the rules whose classes nothing in this tree writes.
// Its grid, spacing and text utilities always stay, so that a template may use them without building again.
const ALWAYS =
  /^(container|row|col|offset|order|g|gx|gy|gap|row-gap|column-gap|m|mt|mb|ms|me|mx|my|p|pt|pb|ps|pe|px|py|d|flex|justify|align|text|fw|fs|lh|font|w|h|mw|mh|vh|vw|min|max|border|rounded|overflow|position|top|bottom|start|end|sticky|fixed|float|opacity|user-select|pe|visible|invisible|visually-hidden|visually-hidden-focusable|vstack|hstack|stretched-link|list-unstyled|list-inline)(-|$)/;
const CLASS = /\.(-?[A-Za-z_](?:[\w-]|\\.)*)/g;
// Where a class can be written: class="…" in markup, class_="…" and "class": "…" in calls, and strings in modules.
const PLACES = [/\bclass\s*=\s*"([^"]*)"/g, /\bclass_\s*=\s*"([^"]*)"/g, /"class":\s*"([^"]*)"/g, /class(?:List|Name)[^;]*?["'`]([^"'`]+)["'`]/g];

function used(sources) {
  const words = new Set();
  for (const source of sources) {
    for (const place of PLACES) {
      for (const [, text] of source.matchAll(place)) for (const [word] of text.matchAll(/[A-Za-z][\w-]*/g)) words.add(word);
    }
  }
  return words;
}

/** Splits at `mark` outside brackets and strings. */
function split(text, mark) {
  const parts = [];
  let depth = 0;
  let quote = "";
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (quote) {
      if (char === "\\") i += 1;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "\\") i += 1;
    else if (char === "(" || char === "[") depth += 1;
    else if (char === ")" || char === "]") depth -= 1;
    else if (char === mark && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** The index of the brace that closes the one at `open`. */
function closing(css, open) {
  let depth = 0;
  let quote = "";
  for (let i = open; i < css.length; i += 1) {
    const char = css[i];
    if (quote) {
      if (char === "\\") i += 1;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "\\") i += 1;
    else if (css.startsWith("url(", i) && !/["']/.test(css[i + 4])) i = css.indexOf(")", i);
    else if (char === "{") depth += 1;
    else if (char === "}" && (depth -= 1) === 0) return i;
  }
  throw new Error("unbalanced braces in the stylesheet");
}

function keeps(selector, words) {
  const positive = selector.replace(/:not\((?:[^()]|\([^()]*\))*\)/g, "");
  return [...positive.matchAll(CLASS)].every(([, name]) => words.has(name) || ALWAYS.test(name.replaceAll("\\", "")));
}

function rules(css, words) {
  let out = "";
  let at = 0;
  while (at < css.length) {
    const open = css.indexOf("{", at);
    const semicolon = css.indexOf(";", at);
    if (semicolon !== -1 && (open === -1 || semicolon < open) && css[at] === "@") {
      out += css.slice(at, semicolon + 1);
      at = semicolon + 1;
      continue;
    }
    if (open === -1) break;
    const prelude = css.slice(at, open).trim();
    const end = closing(css, open);
    const body = css.slice(open + 1, end);
    at = end + 1;
    if (/^@(media|supports|container|layer)/.test(prelude)) {
      const inner = rules(body, words);
      if (inner) out += `${prelude}{${inner}}`;
    } else if (prelude.startsWith("@")) out += `${prelude}{${body}}`;
    else {
      const kept = split(prelude, ",").filter((selector) => keeps(selector, words));
      if (kept.length) out += `${kept.join(",")}{${body}}`;
    }
  }
  return out;
}

export function purge(css, sources) {
  return rules(css.replace(/\/\*[\s\S]*?\*\//g, ""), used(sources));
}

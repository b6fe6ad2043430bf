// Builds static/dist/: node build.mjs
// Everything gets a name with a hash of its content; dist/manifest.json maps "app.css" to that name. The same sources give the same bytes.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { purge } from "./purge.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const SRC = join(HERE, "src");
const DIST = join(HERE, "dist");
const TEMPLATES = join(HERE, "..", "templates");
const LUCIDE = join(HERE, "node_modules", "lucide-static", "icons");

const KEPT_DAYS = 14;
const started = performance.now();
const manifest = {};
const written = new Set(["manifest.json"]);
const asks = new Map(); // built file → the built files that it cannot do without

function files(folder, ending) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name), ending) : [join(folder, entry.name)]))
    .filter((path) => path.endsWith(ending))
    .sort();
}

/** Writes a file whose name carries its hash. One that is there has this content, and a server may be reading it: only its time is set. */
function keep(hashed, content) {
  const path = join(DIST, hashed);
  if (existsSync(path)) utimesSync(path, new Date(), new Date());
  else whole(path, content);
  written.add(hashed);
}

/** Writes beside and renames, so that nobody reads half a file. */
function whole(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

function put(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const hashed = `${basename(name, extname(name))}-${hash}${extname(name)}`;
  keep(hashed, content);
  manifest[name] = hashed;
}

/** Data that pages fetch: also compressed beforehand, which the server prefers. */
function putData(name, path) {
  const content = readFileSync(path);
  put(name, content);
  const packed = `${manifest[name]}.gz`;
  writeFileSync(join(DIST, packed), gzipSync(content, { level: 9 }));
  written.add(packed);
}

/** One <symbol> per line of icons.txt; strokes take the colour of the text around them. */
function sprite() {
  const names = [...new Set(readFileSync(join(SRC, "icons.txt"), "utf8").split(/\s+/).filter(Boolean))].sort();
  const symbols = names.map((name) => {
    const path = join(LUCIDE, `${name}.svg`);
    if (!existsSync(path)) throw new Error(`icons.txt names "${name}", which lucide-static does not have`);
    const inner = readFileSync(path, "utf8").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/\s+/g, " ").trim();
    return `<symbol id="i-${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
  });
  put("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
  return new Set(names);
}

/** An icon asked for but not listed would be an empty square: say so while building. */
function checkIcons(known) {
  const asks = /(?:\b_?icon\(\s*|\bicon_button\(\s*|\bicon\s*=\s*|"icon":\s*)"([a-z0-9-]+)"/g;
  const sources = [...files(TEMPLATES, ".html"), ...files(join(HERE, "..", "webapp"), ".py"), ...files(join(SRC, "js"), ".js")];
  for (const path of sources) {
    for (const [, name] of readFileSync(path, "utf8").matchAll(asks)) {
      if (!known.has(name)) console.warn(`  no such icon: "${name}" in ${relative(join(HERE, ".."), path)} (add it to static/src/icons.txt)`);
    }
  }
}

const purgeTabler = {
  name: "purge-tabler",
  setup(context) {
    context.onLoad({ filter: /@tabler[\\/]core[\\/]dist[\\/]css[\\/]tabler\.min\.css$/ }, ({ path }) => {
      const sources = [...files(TEMPLATES, ".html"), ...files(join(SRC, "js"), ".js"), ...files(join(HERE, "..", "webapp"), ".py")];
      return { contents: purge(readFileSync(path, "utf8"), sources.map((source) => readFileSync(source, "utf8"))), loader: "css" };
    });
  },
};

/** import ready from "virtual:modules": every module of modules/ by its name, so that adding a file is all it takes. */
const everyModule = {
  name: "every-module",
  setup(context) {
    const folder = join(SRC, "js", "modules");
    context.onResolve({ filter: /^virtual:modules$/ }, () => ({ path: "modules", namespace: "virtual" }));
    context.onLoad({ filter: /.*/, namespace: "virtual" }, () => {
      const names = readdirSync(folder).filter((name) => name.endsWith(".js")).map((name) => basename(name, ".js")).sort();
      const imports = names.map((name, index) => `import m${index} from "./${name}.js";`).join("");
      return { contents: `${imports}export default {${names.map((name, index) => `${JSON.stringify(name)}: m${index}`).join(",")}};`, resolveDir: folder };
    });
  },
};

/** What the installed application keeps on the phone: these files, all that they import, and one name for the lot. */
function keepOnPhone(names) {
  const found = new Set();
  const add = (file) => {
    if (found.has(file)) return;
    found.add(file);
    asks.get(file)?.forEach(add);
  };
  names.forEach((name) => add(manifest[name]));
  const list = [...found].sort();
  const version = createHash("sha256").update(list.join()).digest("hex").slice(0, 12);
  put("phone-files.json", JSON.stringify({ version, files: list }));
}

async function bundle(entryPoints, options = {}) {
  const result = await build({
    entryPoints,
    outdir: DIST,
    absWorkingDir: HERE,
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    charset: "utf8",
    target: ["chrome120", "firefox121", "safari17.4"],
    legalComments: "none",
    entryNames: "[name]-[hash]",
    chunkNames: "chunk-[name]-[hash]",
    assetNames: "[name]-[hash]",
    logLevel: "warning",
    ...options,
  });
  for (const { path, contents } of result.outputFiles) keep(relative(DIST, path), contents);
  for (const [path, output] of Object.entries(result.metafile.outputs)) {
    const file = relative(DIST, join(HERE, path));
    asks.set(file, output.imports.filter((used) => used.kind === "import-statement").map((used) => relative(DIST, join(HERE, used.path))));
    if (output.entryPoint && !basename(file).startsWith("chunk-")) {
      manifest[basename(output.entryPoint)] = file;
    }
  }
}

mkdirSync(DIST, { recursive: true });
checkIcons(sprite());
for (const path of files(join(SRC, "img"), "")) put(basename(path), readFileSync(path));
putData("us-counties.json", join(HERE, "node_modules", "us-atlas", "counties-10m.json"));

const pages = files(join(SRC, "js", "pages"), ".js").concat(files(join(SRC, "css", "pages"), ".css"));
await Promise.all([
  bundle([join(SRC, "js", "app.js"), ...pages.filter((path) => path.endsWith(".js"))], { format: "esm", splitting: true, plugins: [everyModule] }),
  bundle([join(SRC, "js", "theme.js"), join(SRC, "js", "swagger.js"), join(SRC, "js", "stream-worker.js"), join(SRC, "js", "phone-worker.js")], { format: "iife" }),
  // Not lowered to older targets: light-dark() and relative colours are meant as written.
  bundle([join(SRC, "css", "app.css"), join(SRC, "css", "swagger.css"), ...pages.filter((path) => path.endsWith(".css"))], { plugins: [purgeTabler], target: ["esnext"], loader: { ".png": "dataurl" } }),
]);

keepOnPhone(["app.css", "phone.css", "app.js", "phone.js", "theme.js", "icons.svg", "favicon.svg", "icon-192.png"]);

const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
whole(join(DIST, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);
// A server that runs on names the files of its build, and a page opened then loads some of them later: they stay as long as a session may last.
const LONG_AGO = Date.now() - KEPT_DAYS * 86_400_000;
for (const path of files(DIST, "")) if (!written.has(relative(DIST, path)) && statSync(path).mtimeMs < LONG_AGO) rmSync(path);
console.log(`static/dist: ${Object.keys(sorted).length} names, ${written.size} files, ${((performance.now() - started) / 1000).toFixed(1)} s`);

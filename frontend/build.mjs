// Builds ../static from this folder: CSS with sass, scripts with esbuild, one icon sprite.
// `npm run build` writes; `npm run build -- --check` compares and fails when a built file is stale.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "static");
const modules = join(here, "node_modules");
const check = process.argv.includes("--check");
const stale = [];

async function emit(path, content) {
  const file = join(target, path);
  const data = Buffer.from(content);
  if (check) {
    const now = await readFile(file).catch(() => Buffer.alloc(0));
    if (!now.equals(data)) stale.push(path);
    return;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, data);
}

async function styles() {
  for (const name of ["desk", "worker"]) {
    const built = sass.compile(join(here, "css", `${name}.scss`), {
      style: "compressed",
      loadPaths: [modules],
      quietDeps: true,
      silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
    });
    await emit(`css/${name}.css`, built.css + "\n");
  }
}

async function scripts() {
  const built = await esbuild.build({
    entryPoints: ["desk", "worker", "chart", "map", "tiles"].map((name) => join(here, "js", `${name}.js`)),
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2020", "chrome90", "safari14"],
    // safari14 has the one bug in destructuring that esbuild minds; none of ours meets it.
    supported: { destructuring: true },
    charset: "utf8",
    legalComments: "none",
    nodePaths: [modules],
    outdir: join(target, "js"),
    write: false,
  });
  for (const file of built.outputFiles) {
    await emit(file.path.slice(target.length + 1), file.contents);
  }
}

async function sprite() {
  const names = (await readFile(join(here, "icons.txt"), "utf8"))
    .split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  const symbols = [];
  for (const name of names) {
    const filled = name.startsWith("f-");
    const file = filled ? `filled/${name.slice(2)}.svg` : `outline/${name}.svg`;
    const svg = await readFile(join(modules, "@tabler/icons/icons", file), "utf8");
    const paths = (svg.match(/<path[^>]*\/>/g) || []).filter((one) => !one.includes("M0 0h24v24H0z")).join("");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${paths}</symbol>`);
  }
  await emit("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
}

async function vendor() {
  await emit("vendor/htmx.min.js", await readFile(join(modules, "htmx.org/dist/htmx.min.js")));
  // Markers are our own circles: Leaflet's pictures, and the rules naming them, stay out.
  const leaflet = (await readFile(join(modules, "leaflet/dist/leaflet.css"), "utf8"))
    .replace(/[^{}]*\{[^{}]*url\([^{}]*\}/g, "");
  await emit("css/outreach.css", await readFile(join(here, "css", "outreach.css")));
  await emit("css/map.css", leaflet + (await readFile(join(here, "css", "map.css"), "utf8")));
}

await Promise.all([styles(), scripts(), sprite(), vendor()]);
if (stale.length) {
  console.error(`Stale built files (run npm run build): ${stale.join(", ")}`);
  process.exitCode = 1;
}

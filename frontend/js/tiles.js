// data-union-tiles="/api/v1/figures/": fills each [data-figure] with the value, base and share from the REST API.
const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

function fill(tile, figure) {
  tile.querySelector("b").firstChild.textContent = number.format(figure.numerator);
  const base = tile.querySelector("[data-base]");
  if (!base || figure.denominator === null) return;
  const words = base.dataset.base;
  base.textContent = words.replace("{base}", number.format(figure.denominator)).replace("{share}", figure.percent ?? "—");
}

async function load(strip) {
  const answer = await fetch(strip.dataset.unionTiles, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) return;
  const { results } = await answer.json();
  const byId = new Map(results.map((figure) => [figure.id, figure]));
  for (const tile of strip.querySelectorAll("[data-figure]")) {
    const figure = byId.get(tile.dataset.figure);
    if (figure) fill(tile, figure);
  }
  strip.dataset.loaded = "true";
}

for (const strip of document.querySelectorAll("[data-union-tiles]")) load(strip);

// data-union-chart="/api/v1/…": one chart from the REST API's JSON, with a table twin of the same rows.
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

// data-unfinished paints the last value as not over; data-months shortens YYYY-MM to the month;
// data-twin="off" leaves the table out where the page has one of its own.
const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--up-${name}`).trim();
}

function dig(row, path) {
  return path.split(".").reduce((value, key) => (value == null ? value : value[key]), row);
}

// Many bars stand as high as the rows of the compact table beside them, head and all.
const HEAD = 26;
const ROW = 30;

function isLong(figure, rows) {
  return figure.dataset.kind === "hbar" && rows.length > 10;
}

function series(figure) {
  const data = figure.dataset;
  return ["", "2"].filter((n) => data[`value${n}`]).map((n) => ({ path: data[`value${n}`], name: data[`name${n}`] || "" }));
}

async function rowsOf(figure) {
  const answer = await fetch(figure.dataset.unionChart, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  const body = await answer.json();
  const rows = figure.dataset.rows ? dig(body, figure.dataset.rows) : body.results || body;
  return rows.map((row) => ({
    label: String(dig(row, figure.dataset.label) ?? "—"),
    values: series(figure).map((one) => {
      const value = dig(row, one.path);
      return value == null ? null : Number(value);
    }),
  }));
}

// Double quotes would end the style attribute in the saved SVG.
function family() {
  return getComputedStyle(document.body).fontFamily.replaceAll('"', "'");
}

function option(figure, rows) {
  const ink = token("ink-2");
  const line = token("line");
  const across = figure.dataset.kind === "hbar";
  const kind = figure.dataset.kind === "line" ? "line" : "bar";
  const colours = [token("data"), token("data-2")];
  const text = { color: ink, fontFamily: family(), fontSize: 12 };
  const last = "unfinished" in figure.dataset ? rows.length - 1 : -1;
  const names = { type: "category", data: rows.map((row) => row.label), inverse: across, axisTick: { show: false },
    axisLine: { lineStyle: { color: line } }, axisLabel: { ...text, interval: rows.length > 14 && !across ? "auto" : 0,
      formatter: (name) => ("months" in figure.dataset ? String(Number(name.slice(5))) : name) } };
  const values = { type: "value", splitNumber: 3, splitLine: { lineStyle: { color: line } }, axisLabel: { ...text, show: !isLong(figure, rows), formatter: (v) => number.format(v) } };
  const lines = series(figure);
  return {
    animation: false,
    aria: { enabled: false, decal: { show: lines.length > 2 } },
    color: colours,
    textStyle: text,
    grid: { left: 4, right: across ? 56 : 12, top: isLong(figure, rows) ? HEAD : lines.length > 1 ? 32 : 20, bottom: isLong(figure, rows) ? 0 : 4, containLabel: true },
    legend: lines.length > 1 ? { top: 0, left: 0, icon: "rect", itemWidth: 12, itemHeight: 8, textStyle: text } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" },
      valueFormatter: (value) => (value == null ? "—" : `${number.format(value)} ${figure.dataset.unit || ""}`) },
    xAxis: across ? values : names,
    yAxis: across ? names : values,
    series: lines.map((one, n) => ({
      type: kind, name: one.name, barMaxWidth: 24,
      data: rows.map((row, k) => (k === last ? { value: row.values[n], itemStyle: { color: token("data-2") } } : row.values[n])), symbolSize: 6,
      label: { show: n === 0 && rows.length <= (across ? 30 : 14), position: across ? "right" : "top", ...text, color: token("ink"),
        formatter: (item) => (item.value == null ? "" : number.format(item.value)) },
    })),
  };
}

function cell(tag, content, isNumber) {
  const node = document.createElement(tag);
  node.textContent = content;
  if (isNumber) node.className = "num";
  return node;
}

function twin(figure, rows) {
  const table = document.createElement("table");
  table.className = "up-table compact";
  const head = table.createTHead().insertRow();
  head.append(cell("th", figure.dataset.head || "", false));
  for (const one of series(figure)) {
    head.append(cell("th", figure.dataset.unit ? `${one.name} (${figure.dataset.unit})` : one.name, true));
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    line.append(cell("td", row.label, false), ...row.values.map((v) => cell("td", v == null ? "—" : number.format(v), true)));
  }
  return table;
}

function title(figure) {
  return figure.querySelector("figcaption")?.textContent.trim() || "chart";
}

function saveLink(figure, words, kind) {
  const link = document.createElement("a");
  link.textContent = words;
  link.download = `${title(figure)}.${kind}`;
  return link;
}

function saveSvg(chart, figure) {
  const link = saveLink(figure, document.body.dataset.saveSvg, "svg");
  link.href = chart.getDataURL({ type: "svg" });
  return link;
}

// The picture is drawn twice as large on the page's own ground, so that it prints well.
function savePng(chart, figure) {
  const link = saveLink(figure, document.body.dataset.savePng, "png");
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = document.createElement("canvas");
    canvas.width = chart.getWidth() * 2;
    canvas.height = chart.getHeight() * 2;
    const pen = canvas.getContext("2d");
    pen.fillStyle = token("paper");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    link.href = canvas.toDataURL("image/png");
  });
  image.src = chart.getDataURL({ type: "svg" });
  return link;
}

function fold(table) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = document.body.dataset.chartTable || "Table";
  details.append(summary, table);
  return details;
}

async function draw(figure) {
  const rows = await rowsOf(figure);
  const plot = document.createElement("div");
  plot.className = "plot";
  if (isLong(figure, rows)) plot.style.height = `${HEAD + rows.length * ROW}px`;
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", title(figure));
  figure.append(plot);
  const chart = init(plot, null, { renderer: "svg" });
  chart.setOption(option(figure, rows));
  const table = figure.dataset.twin === "off" ? "" : fold(twin(figure, rows));
  const tools = document.createElement("div");
  tools.className = "tools screen-only";
  tools.append(savePng(chart, figure), saveSvg(chart, figure));
  figure.append(table, tools);
  new ResizeObserver(() => chart.resize()).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.setOption(option(figure, rows)));
}

for (const figure of document.querySelectorAll("[data-union-chart]")) {
  draw(figure).catch(() => {
    const note = document.createElement("p");
    note.dataset.problem = "";
    note.textContent = document.body.dataset.chartProblem || "";
    figure.append(note);
  });
}

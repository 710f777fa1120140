// data-union-chart="/api/v1/…": one chart from the REST API's JSON, with a table twin of the same rows.
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--up-${name}`).trim();
}

function dig(row, path) {
  return path.split(".").reduce((value, key) => (value == null ? value : value[key]), row);
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

function option(figure, rows) {
  const ink = token("ink-2");
  const line = token("line");
  const across = figure.dataset.kind === "hbar";
  const kind = figure.dataset.kind === "line" ? "line" : "bar";
  const colours = [token("data"), token("data-2")];
  const text = { color: ink, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  const names = { type: "category", data: rows.map((row) => row.label), inverse: across, axisTick: { show: false },
    axisLine: { lineStyle: { color: line } }, axisLabel: { ...text, interval: rows.length > 14 ? "auto" : 0 } };
  const values = { type: "value", splitNumber: 3, splitLine: { lineStyle: { color: line } }, axisLabel: { ...text, formatter: (v) => number.format(v) } };
  const lines = series(figure);
  return {
    animation: false,
    aria: { enabled: false, decal: { show: lines.length > 2 } },
    color: colours,
    textStyle: text,
    grid: { left: 4, right: across ? 56 : 12, top: lines.length > 1 ? 32 : 20, bottom: 4, containLabel: true },
    legend: lines.length > 1 ? { top: 0, left: 0, icon: "rect", itemWidth: 12, itemHeight: 8, textStyle: text } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" },
      valueFormatter: (value) => (value == null ? "—" : `${number.format(value)} ${figure.dataset.unit || ""}`) },
    xAxis: across ? values : names,
    yAxis: across ? names : values,
    series: lines.map((one, n) => ({
      type: kind, name: one.name, data: rows.map((row) => row.values[n]), barMaxWidth: 24, symbolSize: 6,
      label: { show: n === 0 && rows.length <= 14, position: across ? "right" : "top", ...text, color: token("ink"),
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

function download(chart, figure) {
  const link = document.createElement("a");
  link.href = chart.getDataURL({ type: "svg" });
  link.download = `${figure.querySelector("figcaption")?.textContent.trim() || "chart"}.svg`;
  link.textContent = document.body.dataset.saveChart || "SVG";
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
  plot.className = rows.length > 10 && figure.dataset.kind === "hbar" ? "plot tall" : "plot";
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", figure.querySelector("figcaption")?.textContent.trim() || "");
  figure.append(plot);
  const chart = init(plot, null, { renderer: "svg" });
  chart.setOption(option(figure, rows));
  const table = figure.querySelector("table") ? "" : fold(twin(figure, rows));
  const tools = document.createElement("div");
  tools.className = "tools screen-only";
  tools.append(download(chart, figure));
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

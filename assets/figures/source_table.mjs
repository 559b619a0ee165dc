// The values behind a figure of plotly as one table: a row for each point, bar, value or tile, numbers as they are.

const HIDDEN_WORDS = (trace) => trace.mode === "text" && trace.hoverinfo === "skip";

/**
 * @param {object[]} traces as plotly completes them: arrays unpacked
 * @param {object} layout as plotly completes it
 * @returns {{heads: string[], rows: Array[]}}
 */
export function tableOf(traces, layout) {
  const shown = traces.filter((trace) => (trace.visible ?? true) === true && !HIDDEN_WORDS(trace));
  const columns = new Map();
  let count = 0;
  const put = (head, row, value) => {
    if (value === undefined || value === null) return;
    if (!columns.has(head)) columns.set(head, []);
    columns.get(head)[row] = value;
  };
  for (const trace of shown) {
    const heads = headsOf(trace, layout);
    const name = seriesOf(trace);
    for (const point of pointsOf(trace)) {
      if (name) put(heads.series, count, name);
      for (const [key, value] of point) put(heads[key] ?? key, count, value);
      count++;
    }
  }
  // a line across the figure is a value too: what was observed, a threshold
  for (const line of linesOf(layout)) {
    put("series", count, line.name || "line");
    put(headsOf(line, layout)[line.along], count, line.value);
    count++;
  }
  const heads = [...columns.keys()];
  return { heads, rows: Array.from({ length: count }, (_, row) => heads.map((head) => columns.get(head)[row] ?? "")) };
}

/** As text: RFC 4180, with line feeds. */
export function csv({ heads, rows }) {
  const cell = (value) => {
    const text = String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [heads, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

function linesOf({ shapes = [] }) {
  const upright = ({ type, x0, x1, yref }) => type === "line" && x0 === x1 && yref === "paper";
  const level = ({ type, y0, y1, xref }) => type === "line" && y0 === y1 && xref === "paper";
  return [
    ...shapes.filter(upright).map(({ name, x0, xref }) => ({ name, along: "x", value: x0, xaxis: xref ?? "x" })),
    ...shapes.filter(level).map(({ name, y0, yref }) => ({ name, along: "y", value: y0, yaxis: yref ?? "y" })),
  ];
}

function* pointsOf(trace) {
  const { x, y, z, text, customdata, marker = {} } = trace;
  if (Array.isArray(z) || ArrayBuffer.isView(z)) {
    for (let i = 0; i < z.length; i++) {
      for (let j = 0; j < z[i].length; j++) {
        yield [["x", x?.[j] ?? j], ["y", y?.[i] ?? i], ["value", z[i][j]], ...hover(customdata?.[i]?.[j]), ["text", text?.[i]?.[j]]];
      }
    }
    return;
  }
  const count = Math.max(lengthOf(x), lengthOf(y));
  const both = lengthOf(x) && lengthOf(y);
  for (let i = 0; i < count; i++) {
    const point = [];
    // A bar without places stands at its number; a value of a violin or of a histogram has no place of its own.
    if (lengthOf(x)) point.push(["x", x[i]]);
    else if (!both && !SPREAD.includes(trace.type)) point.push(["x", i]);
    if (lengthOf(y)) point.push(["y", y[i]]);
    if (lengthOf(marker.color)) point.push(["colour", marker.color[i]]);
    if (lengthOf(marker.size)) point.push(["size", marker.size[i]]);
    if (lengthOf(text) && typeof text !== "string") point.push(["text", text[i]]);
    yield [...point, ...hover(customdata?.[i])];
  }
}

const SPREAD = ["violin", "box", "histogram"];
const lengthOf = (values) => (values && typeof values !== "string" ? values.length ?? 0 : 0);

function hover(value) {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value, (each, place) => [`shown on hover ${place + 1}`, each]);
  return [["shown on hover", value]];
}

// plotly calls a trace without a name by its number.
const seriesOf = (trace) => (/^trace \d+$/.test(trace.name ?? "") ? "" : plain(trace.name ?? ""));

// By the titles of a trace's own axes: what is drawn on another axis is another quantity, in a column of its own.
function headsOf(trace, layout) {
  const titles = ["x", "y"].map((letter) => axisTitle(trace, letter, layout));
  if (titles[0] === titles[1]) titles.forEach((title, place) => (titles[place] = `${title} (${"xy"[place]})`));
  const scale = plain(trace.colorbar?.title?.text ?? "");
  const colour = plain(trace.marker?.colorbar?.title?.text ?? "");
  const others = { value: scale || "value", colour: colour || "colour", text: "text", size: "size", series: "series" };
  // what an axis is called, nothing else in the row may be
  const free = ([key, head]) => [key, titles.includes(head) ? `${head} (${key})` : head];
  return { x: titles[0], y: titles[1], ...Object.fromEntries(Object.entries(others).map(free)) };
}

function axisTitle(trace, letter, layout) {
  const axis = layout[(trace[`${letter}axis`] ?? letter).replace(letter, `${letter}axis`)];
  return plain(axis?.title?.text ?? "") || letter;
}

// plotly fills a title that is missing with a request.
function plain(text) {
  if (/^Click to enter /.test(text)) return "";
  return String(text).replace(/<br\s*\/?>/gi, " ").replace(/<[^>]*>/g, "").trim();
}

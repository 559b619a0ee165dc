// A figure of plotly as SVG: what is seen now, on the ground of the page, with its points by the rule.

import { SHARPNESS, asShapes } from "./rule.mjs";

const HEAD = 26;
const POINTS = ["scatter", "scattergl"];

/**
 * @param {HTMLElement} graph that plotly has drawn
 * @param {{title?: string, font?: string}} look
 * @returns {Promise<string>} SVG
 */
export async function svgOf(graph, { title, font } = {}) {
  const [width, height] = [graph._fullLayout.width, graph._fullLayout.height].map(Math.round);
  const more = title ? HEAD : 0;
  return window.Plotly.toImage(
    { data: byRule(graph.data), layout: laidOut(graph, title, font), config: { plotGlPixelRatio: SHARPNESS } },
    { format: "svg", width, height: height + more, imageDataOnly: true },
  );
}

/** Traces whose points are shapes, or a picture where all together are too many. */
export function byRule(traces) {
  const seen = traces.filter((trace) => pointed(trace) && (trace.visible ?? true) === true);
  const type = asShapes(seen.reduce((sum, trace) => sum + lengthOf(trace), 0)) ? "scatter" : "scattergl";
  return traces.map((trace) => (pointed(trace) ? { ...trace, type } : trace));
}

const pointed = (trace) => POINTS.includes(trace.type ?? "scatter") && (trace.mode ?? "markers").includes("markers");

function lengthOf({ x, y }) {
  return Math.max(sizeOf(x), sizeOf(y));
}

// Dash hands arrays over as they are, or packed: {dtype, bdata}, base64 of little-endian numbers.
function sizeOf(values) {
  if (!values) return 0;
  if (values.bdata === undefined) return values.length ?? 0;
  const bytes = values.bdata.byteLength ?? (values.bdata.length * 3) / 4 - (/=*$/.exec(values.bdata.slice(-2))[0].length);
  return bytes / (Number(/\d+$/.exec(values.dtype)?.[0] ?? 1));
}

function laidOut({ layout, _fullLayout }, title, font) {
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--surface").trim() || "#ffffff";
  const copy = { ...layout, paper_bgcolor: ground, autosize: false };
  if (font) copy.font = { ...layout.font, family: font };
  if (title) {
    const { t } = _fullLayout.margin;
    copy.title = { text: `<b>${title}</b>`, x: 0, xref: "paper", xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 10 }, font: { size: 13 } };
    copy.margin = { ...layout.margin, t: t + HEAD };
  }
  return copy;
}

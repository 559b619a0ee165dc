// A figure of plotly as SVG: what is seen now, on the ground of the page, with its points by the rule.

import { MANY, emptied, filled, plain } from "./many_points.mjs";
import { SHARPNESS, asShapes } from "./rule.mjs";

const HEAD = 26;
const POINTS = ["scatter", "scattergl"];

/**
 * @param {HTMLElement} graph that plotly has drawn
 * @param {{title?: string, font?: string}} look
 * @returns {Promise<string>} SVG
 */
export async function svgOf(graph, { title, font } = {}) {
  const data = byRule(graph.data, graph._fullData);
  const layout = laidOut(graph, title, font);
  const size = { width: layout.width, height: layout.height };
  const config = { staticPlot: true, plotGlPixelRatio: SHARPNESS };
  const form = { format: "svg", imageDataOnly: true, ...size };
  const points = pointsOf(graph._fullData);
  const plainOnes = new Set(points > MANY && asShapes(points) ? data.flatMap((_, place) => (plain(graph._fullData[place]) ? [place] : [])) : []);
  if (!plainOnes.size) return window.Plotly.toImage({ data, layout, config }, form);
  const stage = Object.assign(document.createElement("div"), { ariaHidden: "true" });
  stage.style.cssText = "position: fixed; left: -99999px; top: 0";
  document.body.append(stage);
  try {
    const bare = emptied(data, layout, graph, plainOnes);
    await window.Plotly.newPlot(stage, bare.data, bare.layout, config);
    return filled(await window.Plotly.toImage(stage, form), graph, stage, plainOnes);
  } finally {
    window.Plotly.purge(stage);
    stage.remove();
  }
}

/**
 * Traces whose points are shapes, or a picture where all together are too many.
 * @param {object[]} traces as they were given
 * @param {object[]} full the same as plotly completes them: arrays unpacked
 */
export function byRule(traces, full) {
  const type = asShapes(pointsOf(full)) ? "scatter" : "scattergl";
  return traces.map((trace, place) => (pointed(full[place]) ? { ...trace, type } : trace));
}

const pointsOf = (full) => full.reduce((sum, trace) => sum + (pointed(trace) && trace.visible === true ? lengthOf(trace) : 0), 0);
const pointed = ({ type, mode }) => POINTS.includes(type) && Boolean(mode?.includes("markers"));
const lengthOf = ({ x, y }) => Math.max(x?.length ?? 0, y?.length ?? 0);

function laidOut({ layout, _fullLayout }, title, font) {
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--surface").trim() || "#ffffff";
  const [width, height] = [_fullLayout.width, _fullLayout.height].map(Math.round);
  const copy = { ...layout, width, height, paper_bgcolor: ground, autosize: false };
  if (font) copy.font = { ...layout.font, family: font };
  if (title) {
    const { t } = _fullLayout.margin;
    copy.title = { text: `<b>${title}</b>`, x: 0, xref: "paper", xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 10 }, font: { size: 13 } };
    copy.margin = { ...layout.margin, t: t + HEAD };
    copy.height += HEAD;
  }
  return copy;
}

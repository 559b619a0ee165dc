// A figure leaves the page: SVG, and PDF and PNG made of that SVG, so that all three show the same; and its table.

import { save } from "../embedding/dom.mjs";

const SVG = "image/svg+xml";

/**
 * Save a figure.
 * @param {object} asked kind ("svg", "pdf", "png", "csv"), of (id of a graph, or of the map), name of the file; and
 *   where given title (written over it), table (id of what on the page gives the CSV), instead (id of the graph that
 *   stands in for `of` where the browser cannot draw it)
 */
export async function out({ kind, of, name, title, table, instead }) {
  if (kind === "csv") return void (table ? pressed(table) : save(await csvOf(found(of, instead)), `${name}.csv`));
  // What is at work is said before the work takes the page.
  await new Promise((done) => setTimeout(done, 30));
  const host = found(of, instead);
  save(await MAKERS[kind]((look) => drawn(host, { title, ...look })), `${name}.${kind}`);
}

const MAKERS = {
  svg: async (draw) => new Blob([await draw()], { type: SVG }),
  png: async (draw) => (await import("./raster.mjs")).rastered(await draw()),
  async pdf(draw) {
    const { FONT, paged, prepared } = await import("./pdf.mjs");
    await prepared();
    return paged(await draw({ font: FONT }));
  },
};

/** The figure as SVG, in the look that it has on the page. */
async function drawn(host, look) {
  if (host.figure) return host.figure(look);
  return (await import("./plotted.mjs")).svgOf(plotOf(host), look);
}

async function csvOf(host) {
  const { tableOf, csv } = await import("./source_table.mjs");
  const { _fullData, _fullLayout } = plotOf(host);
  return new Blob([csv(tableOf(_fullData, _fullLayout))], { type: "text/csv" });
}

function found(...ids) {
  const host = ids.map((id) => id && document.getElementById(id)).find((each) => each && each.offsetParent !== null);
  if (!host) throw new Error("there is no figure yet.");
  return host;
}

function plotOf(host) {
  const graph = host.matches(".js-plotly-plot") ? host : host.querySelector(".js-plotly-plot");
  if (!graph?._fullData?.length) throw new Error("there is no figure yet.");
  return graph;
}

function pressed(id) {
  const element = document.getElementById(id);
  if (!element || element.getAttribute("href") === "") throw new Error("there is no table yet.");
  element.click();
}

// The ten steps of the tour. What they say of the data is read from the page, never known beforehand.
//
// A step: {path, show?: parameters of the URL, title, text(known), at: selectors, the best first, act?(known) that does
// something for the visitor and returns how it is undone}. `known` is the answer of /api/tour.json and, after `act`,
// what that found.

import { chooseLargest, pressCompare } from "./acting.mjs";

const said = (selector) => document.querySelector(selector)?.textContent.trim() ?? "";
const listed = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names.join(""));
const quoted = (text) => (text ? ` Here: “${text}”` : "");

export const STEPS = [
  {
    path: "/",
    show: ({ colour }) => ({ colour }),
    title: "One map of all cells",
    text: ({ modalities, title }) => `${title}: every point is a cell, measured for ${listed(modalities)}. Cells that the model found alike lie close together, whatever was measured in them. The legend tells the colours.`,
    at: ["#map:has(.legend-title)"],
    side: "right",
  },
  {
    path: "/",
    show: () => ({ colour: "obs:modality" }),
    title: "Do the two kinds of cells mix?",
    text: ({ modalities }) => `Now the colour is what was measured: ${listed(modalities)}. Where both colours share a place, the model found cells of both alike. A click on an entry of the legend hides its cells.`,
    at: ["#map:has(.legend-title)"],
    side: "right",
  },
  {
    path: "/",
    show: ({ feature, colour }) => (feature ? { colour: feature.key, panel: "split" } : { colour, panel: "split" }),
    title: "One gene in every cell",
    text: ({ feature }) => `${feature?.name ?? "A gene"} side by side. Under Values, “Imputed” is what the model expects, also in cells where ${feature?.modality ?? "it"} was not measured. “Measured” is what the files hold: other cells turn grey. Any gene can be typed into Colour by.`,
    at: [".map-card:has(.legend-title)"],
    side: "right",
  },
  {
    path: "/",
    show: ({ colour }) => ({ colour }),
    title: "Choose cells",
    text: ({ chosen }) => `${chosen ? `The tour chose the largest group, ${chosen}.` : "Nothing is chosen yet."} By hand: the lasso (L) or the box (B) on the map. This panel counts the chosen cells, keeps them under a name, and makes columns of them.`,
    at: ["#selection-panel"],
    side: "left",
    act: chooseLargest,
  },
  {
    path: "/",
    show: ({ colour }) => ({ colour }),
    title: "Scores beside the map",
    text: () => "How well did cells find their places? Each score says what it means and which end is good. Labels, and pairs of cells where they are known, serve to score; the training did not use them.",
    at: ["#map-scores"],
    side: "left",
  },
  {
    path: "/verdict",
    title: "Did it work?",
    text: () => `One answer, and below it what speaks for and against it, with figures, what to try next, and a report to keep.${quoted(said("#verdict-head h2"))}`,
    at: ["#verdict-head"],
    side: "bottom",
  },
  {
    path: "/differential",
    title: "What tells cells apart",
    text: () => "The tour pressed Compare: the first group against all other cells, in what was measured, never in what was imputed. The table lists every feature with its test, the volcano shows effect against certainty; the table can be downloaded.",
    at: ["#differential-result:not([hidden]) .differential-pair", ".differential-form"],
    side: "left",
    act: pressCompare,
  },
  {
    path: "/labels",
    title: "What are these cells?",
    text: () => `Labels went from one modality to the cells of the other around them. The confidence is meant literally; doubtful cells stay unassigned. Both can become columns of the map.${quoted(said("#labels-summary"))}`,
    at: ["#labels-result:not([hidden]) #labels-tiles", "#labels-hint:not([hidden])", "#labels-form:not([hidden])"],
    side: "bottom",
  },
  {
    path: "/data",
    title: "Your own files",
    text: () => "Drop files here: gene expression, open chromatin, protein, methylation; cells need not be paired. What was found in them is said before anything is trained. The next page, Guidance, shows how features are linked.",
    at: ["#data-doors .card"],
    side: "right",
  },
  {
    path: "/training",
    title: "Train, and take it home",
    text: () => "This button trains on your data; close the page meanwhile, it goes on. Afterwards take things home: figures and tables at “Download”, whole runs at “Take it with you” beside the map, a report from the Verdict.",
    at: ["#training-form .start-bar"],
    side: "right",
  },
];

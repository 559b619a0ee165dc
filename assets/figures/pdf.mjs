// An SVG becomes a PDF of one page, of the same size, by jsPDF and svg2pdf.js (assets/vendor/).

// jsPDF's own fonts know no "−", "ρ" or subscripts: this one goes into the file, those of its signs that are used.
export const FONT = "DejaVu Sans";
const FACES = { normal: "DejaVuSans.ttf", bold: "DejaVuSans-Bold.ttf" };
const LIBRARIES = ["jspdf", "svg2pdf"];
// A point of paper to a pixel of the page.
const POINT = 0.75;

let ready = null;

/** Load libraries and fonts, once; the page measures words by the same fonts then. */
export function prepared() {
  ready ??= Promise.all([libraries(), ...Object.entries(FACES).map(face)]).catch((error) => {
    ready = null;
    throw error;
  });
  return ready;
}

/**
 * @param {string} svg with width and height in pixels
 * @returns {Promise<Blob>} PDF
 */
export async function paged(svg) {
  const [, ...faces] = await prepared();
  const drawing = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const size = ["width", "height"].map((side) => parseFloat(drawing.getAttribute(side)) * POINT);
  const pdf = new window.jspdf.jsPDF({ unit: "pt", format: size, orientation: size[0] > size[1] ? "landscape" : "portrait", compress: true });
  for (const { weight, file, text } of faces) {
    pdf.addFileToVFS(file, text);
    pdf.addFont(file, FONT, "normal", weight);
  }
  inOneFont(drawing);
  strokedFirst(drawing);
  // Lengths that depend on fonts are measured in the page.
  const stage = Object.assign(document.createElement("div"), { ariaHidden: "true" });
  stage.style.cssText = "position: fixed; left: -99999px; top: 0; visibility: hidden";
  stage.append(document.adoptNode(drawing));
  document.body.append(stage);
  try {
    await window.svg2pdf.svg2pdf(drawing, pdf, { x: 0, y: 0, width: size[0], height: size[1] });
  } finally {
    stage.remove();
  }
  return pdf.output("blob");
}

/** Every word in the font of the file, regular or bold. */
function inOneFont(drawing) {
  for (const element of [drawing, ...drawing.querySelectorAll("text, tspan, g")]) {
    const { style } = element;
    const weight = style.fontWeight || element.getAttribute("font-weight");
    for (const name of ["fontFamily", "fontWeight", "fontStyle"]) style[name] = "";
    for (const name of ["font-family", "font-weight", "font-style"]) element.removeAttribute(name);
    if (weight) element.setAttribute("font-weight", weight === "bold" || Number(weight) >= 600 ? "bold" : "normal");
  }
  drawing.setAttribute("font-family", FONT);
}

/** A seam around words lies under them; PDF knows no order of painting, so that they are written twice. */
function strokedFirst(drawing) {
  for (const words of drawing.querySelectorAll("text[paint-order]")) {
    const seam = words.cloneNode(true);
    seam.setAttribute("fill", "none");
    words.before(seam);
    for (const name of ["stroke", "stroke-width", "paint-order"]) words.removeAttribute(name);
  }
}

async function libraries() {
  // One after the other: the second asks for the first.
  for (const name of LIBRARIES) await script(new URL(`../vendor/${name}.umd.min.js`, import.meta.url));
}

function script(src) {
  return new Promise((done, fail) => {
    const element = Object.assign(document.createElement("script"), { src, onload: done });
    element.onerror = () => fail(new Error("the server does not hand out what makes PDFs. Is it still running?"));
    document.head.append(element);
  });
}

async function face([weight, file]) {
  const answer = await fetch(`/api/fonts/${file}`);
  if (!answer.ok) throw new Error("the server does not hand out the font. Is it still running?");
  const bytes = await answer.arrayBuffer();
  document.fonts.add(await new FontFace(FONT, bytes, { weight }).load());
  return { weight, file, text: await base64(bytes) };
}

async function base64(bytes) {
  const url = await new Promise((done) => {
    const reader = Object.assign(new FileReader(), { onload: () => done(reader.result) });
    reader.readAsDataURL(new Blob([bytes]));
  });
  return url.slice(url.indexOf(",") + 1);
}

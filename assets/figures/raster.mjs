// An SVG becomes a picture.

import { SHARPNESS } from "./rule.mjs";

/** @returns {Promise<Blob>} PNG */
export async function rastered(svg, scale = SHARPNESS) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    await image.decode();
    const sheet = Object.assign(document.createElement("canvas"), { width: image.width * scale, height: image.height * scale });
    sheet.getContext("2d").drawImage(image, 0, 0, sheet.width, sheet.height);
    const png = await new Promise((done) => sheet.toBlob(done, "image/png"));
    if (!png) throw new Error("the picture is larger than this browser can make.");
    return png;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

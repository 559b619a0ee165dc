// The one rule of figures that go out: so many points are shapes, which an editor of drawings can take apart; more are
// a picture, since a file of a million shapes opens nowhere. Words, axes and legends are always shapes.

export const MOST_SHAPES = 50_000;
// Pixels of such a picture to a pixel of the page, and of a PNG.
export const SHARPNESS = 2;

export const asShapes = (points) => points <= MOST_SHAPES;

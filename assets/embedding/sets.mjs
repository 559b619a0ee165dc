// Sets of cells as bits, combined four bytes at a time: ceil(N / 8) bytes, least significant bit first,
// row = 8 * byte + bit. Every function leaves what it is given as it is.

export const bytesFor = (cells) => (cells + 7) >> 3;

// What lies on a boundary of four bytes is seen as words; the bytes behind the last word are the tail.
const aligned = (bits) => bits.byteOffset % 4 === 0;
const words = (bits) => new Uint32Array(bits.buffer, bits.byteOffset, bits.length >> 2);

function ones(word) {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function countOf(bits) {
  let count = 0;
  let byte = 0;
  if (aligned(bits)) {
    const view = words(bits);
    for (let i = 0; i < view.length; i++) count += ones(view[i]);
    byte = view.length * 4;
  }
  for (; byte < bits.length; byte++) count += ones(bits[byte]);
  return count;
}

function joined(a, b, join) {
  if (a.length !== b.length) throw new RangeError(`sets of ${a.length} and ${b.length} bytes`);
  const out = new Uint8Array(a.length);
  let byte = 0;
  if (aligned(a) && aligned(b)) {
    const [left, right, into] = [words(a), words(b), words(out)];
    for (let i = 0; i < into.length; i++) into[i] = join(left[i], right[i]);
    byte = into.length * 4;
  }
  for (; byte < a.length; byte++) out[byte] = join(a[byte], b[byte]);
  return out;
}

export const union = (a, b) => joined(a, b, (x, y) => x | y);
export const intersection = (a, b) => joined(a, b, (x, y) => x & y);
export const difference = (a, b) => joined(a, b, (x, y) => x & ~y);

/** All cells but these; the bits behind the last cell stay 0. */
export function inverted(bits, cells) {
  const out = joined(bits, bits, (x) => ~x);
  if (cells % 8) out[out.length - 1] &= (1 << cells % 8) - 1;
  return out;
}

export function same(a, b) {
  if (a === b || !a || !b) return a === b;
  return a.length === b.length && a.every((byte, place) => byte === b[place]);
}

export const isEmpty = (bits) => !bits || bits.every((byte) => byte === 0);

/** The rows first ... end - 1 among so many cells. */
export function rangeOf(first, end, cells) {
  const bits = new Uint8Array(bytesFor(cells));
  fill(bits, first, end);
  return bits;
}

/** Where rows stand among some alone: a set of the n cells in ``shown`` becomes one of all cells. */
export function spread(bits, shown) {
  const out = new Uint8Array(shown.length);
  let place = 0;
  for (let byte = 0; byte < shown.length; byte++) {
    for (let rest = shown[byte]; rest; rest &= rest - 1, place++) {
      if ((bits[place >> 3] >> (place & 7)) & 1) out[byte] |= rest & -rest;
    }
  }
  return out;
}

/** The part of a set that is ``shown``, as a set of these cells alone. */
export function gathered(bits, shown) {
  const out = new Uint8Array(bytesFor(countOf(shown)));
  let place = 0;
  for (let byte = 0; byte < shown.length; byte++) {
    for (let rest = shown[byte]; rest; rest &= rest - 1, place++) {
      if (bits[byte] & rest & -rest) out[place >> 3] |= 1 << (place & 7);
    }
  }
  return out;
}

/** How many of the selected cells have each of the codes 0 ... 255. */
export function countsByCode(bits, codes) {
  const counts = new Uint32Array(256);
  for (let byte = 0; byte < bits.length; byte++) {
    let rest = bits[byte];
    const row = 8 * byte;
    while (rest) {
      counts[codes[row + 31 - Math.clz32(rest & -rest)]]++;
      rest &= rest - 1;
    }
  }
  return counts;
}

/** The cells whose code is among those that pass: 256 times 0 or 1. */
export function withCodes(codes, passes) {
  const bits = new Uint8Array(bytesFor(codes.length));
  for (let row = 0; row < codes.length; row++) bits[row >> 3] |= passes[codes[row]] << (row & 7);
  return bits;
}

// Bytes as text, four thirds as long.
function base64(bytes) {
  let text = "";
  for (let first = 0; first < bytes.length; first += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(first, first + 0x8000));
  }
  return btoa(text);
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

// Lengths of the runs of cells in turn outside and inside, each seven bits a byte.
function runLengths(bits, cells, most) {
  const out = [];
  let length = 0;
  let inside = 0;
  const write = () => {
    for (; length > 127; length >>>= 7) out.push((length & 127) | 128);
    out.push(length);
    length = 0;
    inside ^= 1;
  };
  for (let row = 0; row < cells && out.length < most; ) {
    const byte = bits[row >> 3];
    if (row % 8 === 0 && row + 8 <= cells && byte === (inside ? 255 : 0)) {
      length += 8;
      row += 8;
      continue;
    }
    if (((byte >> (row & 7)) & 1) !== inside) write();
    length++;
    row++;
  }
  write();
  return out;
}

/** A set as short text: lengths of runs where they are shorter than the bits themselves. */
export function toText(bits, cells) {
  const runs = runLengths(bits, cells, bits.length);
  return runs.length < bits.length ? `r${base64(Uint8Array.from(runs))}` : `b${base64(bits)}`;
}

/** The set that toText wrote, or null if the text is no set of so many cells. */
export function fromText(text, cells) {
  let bytes;
  try {
    bytes = fromBase64(text.slice(1));
  } catch {
    return null;
  }
  if (text[0] === "b") {
    const tail = cells % 8 ? bytes[bytes.length - 1] >> cells % 8 : 0;
    return bytes.length === bytesFor(cells) && !tail ? bytes : null;
  }
  const bits = new Uint8Array(bytesFor(cells));
  let [row, length, shift, inside] = [0, 0, 0, false];
  for (const byte of bytes) {
    length += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte & 128) continue;
    if (row + length > cells) return null;
    if (inside && length) fill(bits, row, row + length);
    [row, length, shift, inside] = [row + length, 0, 0, !inside];
  }
  return text[0] === "r" && row === cells ? bits : null;
}

function fill(bits, first, end) {
  for (; first < end && first % 8; first++) bits[first >> 3] |= 1 << (first & 7);
  if (end - first >= 8) bits.fill(255, first >> 3, end >> 3);
  for (first = Math.max(first, end - (end % 8)); first < end; first++) bits[first >> 3] |= 1 << (first & 7);
}

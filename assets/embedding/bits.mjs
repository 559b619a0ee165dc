// Selections as bitsets: ceil(N / 8) bytes, least significant bit first, row = 8 * byte + bit.

export const emptyBits = (cells) => new Uint8Array((cells + 7) >> 3);

export const has = (bits, row) => (bits[row >> 3] >> (row & 7)) & 1;

export const add = (bits, row) => void (bits[row >> 3] |= 1 << (row & 7));

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let rest = byte; rest; rest >>= 1) ones += rest & 1;
  return ones;
});

export function countBits(bits) {
  let count = 0;
  for (let i = 0; i < bits.length; i++) count += ONES[bits[i]];
  return count;
}

/** Join a new selection to the one before: "replace", "add" or "subtract". */
export function combined(before, now, how) {
  if (!before || how === "replace") return how === "subtract" ? emptyBits(now.length * 8) : now;
  const joined = new Uint8Array(now.length);
  for (let i = 0; i < joined.length; i++) joined[i] = how === "add" ? before[i] | now[i] : before[i] & ~now[i];
  return joined;
}

/** One byte a cell, 1 where it is selected. */
export function marksOf(bits, cells) {
  const marks = new Uint8Array(cells);
  for (let byte = 0; byte < bits.length; byte++) {
    const eight = bits[byte];
    if (!eight) continue;
    const end = Math.min(8, cells - 8 * byte);
    for (let bit = 0; bit < end; bit++) marks[8 * byte + bit] = (eight >> bit) & 1;
  }
  return marks;
}

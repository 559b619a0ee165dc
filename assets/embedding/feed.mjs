// What the server sends of a map: places once, one byte a cell for every colour, one cell on a hover.

/** What the server refuses, in its own words. */
export class Refusal extends Error {
  constructor({ found, expected, todo }) {
    super([found, expected && `Expected: ${expected}`, todo && `To do: ${todo}`].filter(Boolean).join(" "));
    Object.assign(this, { found, expected, todo });
  }
}

const base = (run) => `/api/runs/${encodeURIComponent(run)}`;

/**
 * @param {string} run
 * @param {{key: string} | null} part cells that are laid out alone; null for all
 */
export function feedOf(run, part = null) {
  const about = new URLSearchParams();
  if (part) about.set("part", part.key);
  const url = (path, more = {}) => {
    const query = new URLSearchParams(about);
    for (const [name, value] of Object.entries(more)) if (value !== null && value !== undefined) query.set(name, value);
    return `${base(run)}/${path}${query.size ? "?" + query : ""}`;
  };
  return {
    key: JSON.stringify([run, part?.key]),
    about: (signal) => asked(url("map.json"), signal).then((answer) => answer.json()),
    places: (signal) => asked(url("map.xy"), signal).then((answer) => answer.arrayBuffer()).then((body) => new Uint16Array(body)),
    colour: (choice, signal) => asked(url("map.colour", query(choice)), signal).then((answer) => answer.arrayBuffer()).then(frame),
    cell: (row, choice, signal) => asked(url(`cells/${row}.json`, query(choice)), signal).then((answer) => answer.json()),
  };
}

/** The parameters of a colour, the defaults left out. */
function query({ colour, values, low, high, nonzero, blend }) {
  return { key: colour, values, low, high, nonzero: nonzero ? 1 : null, with: blend || null };
}

async function asked(url, signal) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({ found: `The server answered ${answer.status}.`, todo: "reload the page." }));
  throw new Refusal(said);
}

/** Take a frame apart: uint32 length of the JSON header, the header, one byte a cell (a view, not a copy). */
export function frame(body) {
  const length = new DataView(body).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  return { ...header, codes: new Uint8Array(body, 4 + length) };
}

// What is saved of a run, as the server has it: read, changed, and told to the other tabs of this browser.

const CHANNEL = "saved-selections";

/** What the server refuses, in its own words. */
export class Refused extends Error {
  constructor({ found, expected, todo }) {
    super([found, expected && `Expected: ${expected}`, todo && `To do: ${todo}`].filter(Boolean).join(" "));
    Object.assign(this, { found, expected, todo });
  }
}

const UNKNOWN = { found: "The app did not answer as expected.", todo: "try again, or reload the page." };

export async function asked(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { "X-Monae": "1", ...options.headers } });
  if (answer.ok) return answer;
  throw new Refused(await answer.json().catch(() => UNKNOWN));
}

export const routeOf = (run, path, query = {}) => {
  const url = new URL(`api/runs/${encodeURIComponent(run)}/${path}`, document.baseURI.replace(/[^/]*$/, ""));
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== false) url.searchParams.set(name, value);
  }
  return url;
};

const EMPTY = { sets: [], columns: [], undo: null, redo: null, editable: false, why_not: null, version: 0 };

/** Tells "change" whenever something else is saved. */
export class SavedSelections extends EventTarget {
  constructor(run) {
    super();
    Object.assign(this, { run, state: EMPTY, loaded: false });
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => void (data === run && this.load().catch(() => {}));
    this.looked = () => void (document.visibilityState === "visible" && this.load().catch(() => {}));
    document.addEventListener("visibilitychange", this.looked);
  }

  close() {
    this.channel.close();
    document.removeEventListener("visibilitychange", this.looked);
  }

  async load() {
    const answer = await asked(routeOf(this.run, "selections.json"));
    this.#take(await answer.json());
  }

  async #change(method, path, query, options = {}) {
    try {
      const answer = await asked(routeOf(this.run, path, query), { method, ...options });
      const said = await answer.json();
      this.#take(said);
      this.channel.postMessage(this.run);
      return said.changed;
    } catch (error) {
      // another tab may have been quicker: the list shows what there is
      await this.load().catch(() => {});
      throw error;
    }
  }

  #take(state) {
    // answers may overtake each other
    if (this.loaded && state.version < this.state.version) return;
    Object.assign(this, { state, loaded: true });
    this.dispatchEvent(new Event("change"));
  }

  #json(path, said) {
    const body = JSON.stringify({ ...said, version: this.state.version });
    return this.#change("PATCH", path, {}, { body, headers: { "Content-Type": "application/json" } });
  }

  get #seen() {
    return { version: this.state.version };
  }

  save = (name, bits) => this.#change("POST", "selections", { name }, { body: bits });
  bits = async (id) => new Uint8Array(await (await asked(routeOf(this.run, `selections/${id}.bits`))).arrayBuffer());
  changeSet = (id, said) => this.#json(`selections/${id}`, said);
  replaceSet = (id, bits) => this.#change("PUT", `selections/${id}`, this.#seen, { body: bits });
  removeSet = (id) => this.#change("DELETE", `selections/${id}`, this.#seen);
  addColumn = (name, group, bits) => this.#change("POST", "annotations", { name, group }, { body: bits });
  assign = (id, group, bits, isNew) =>
    this.#change("POST", `annotations/${id}/cells`, { group, new: isNew ? 1 : null }, { body: bits });
  renameColumn = (id, name) => this.#json(`annotations/${id}`, { name });
  renameGroup = (id, group, name) => this.#json(`annotations/${id}`, { group, name });
  removeGroup = (id, group) => this.#change("DELETE", `annotations/${id}`, { group, ...this.#seen });
  removeColumn = (id) => this.#change("DELETE", `annotations/${id}`, this.#seen);
  undo = () => this.#change("POST", "annotations/undo", { step: this.state.undo_step });
  redo = () => this.#change("POST", "annotations/redo", { step: this.state.redo_step });
}

/** Codes of a column, one byte a cell, and its header, as map.colour sends them. */
export async function columnOf(run, key, query = {}) {
  const body = await (await asked(routeOf(run, "map.colour", { key: key || null, ...query }))).arrayBuffer();
  const length = new DataView(body).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  return { header, codes: new Uint8Array(body, 4 + length) };
}

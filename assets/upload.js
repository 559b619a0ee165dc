/* Sends files in slices to /api/uploads: at most two uploads at a time, again and again until each slice has arrived,
   and on from where it stopped when the same file is chosen once more. Nothing here touches the page. */
"use strict";

(function () {
  const AT_ONCE = 2;
  const DAMAGED_IN_A_ROW = 5;
  const SMALLEST_SLICE = 512 * 1024;
  const LONGEST_WAIT_MS = 30_000;
  const RATE_WINDOW_MS = 6_000;
  const PREFIX = "monae-upload:";
  const ROUTE = "/api/uploads";

  /** The connection broke or the server is away: worth another try. */
  class Lost extends Error {}
  /** Paused or cancelled by the user. */
  class Halted extends Error {}
  /** The server refused, and said why. */
  class Refused extends Error {
    constructor(answer) {
      const { found, expected, todo } = answer.json || {};
      super(found || `The server answered ${answer.status}.`);
      Object.assign(this, { status: answer.status, expected, todo });
    }
  }

  let counted = 0;
  const transfers = [];
  const listeners = new Set();
  const changed = () => listeners.forEach((tell) => tell());

  // What a browser remembers of a file is enough to know it again; the slices are checked anyway.
  const storage = {
    get(key) { try { return localStorage.getItem(PREFIX + key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(PREFIX + key, value); } catch { /* private windows keep nothing */ } },
    remove(key) { try { localStorage.removeItem(PREFIX + key); } catch { /* as above */ } },
  };

  function request(method, path, { headers = {}, body = null, transfer = null } = {}) {
    return new Promise((resolve, reject) => {
      const call = new XMLHttpRequest();
      call.open(method, path);
      for (const [name, value] of Object.entries({ "X-Monae": "1", ...headers })) call.setRequestHeader(name, value);
      call.onload = () => {
        let json = null;
        try { json = JSON.parse(call.responseText); } catch { /* not every answer has a body */ }
        const away = [408, 425, 429, 500, 502, 503, 504].includes(call.status);
        if (away) reject(new Lost());
        else resolve({ status: call.status, json, header: (name) => call.getResponseHeader(name) });
      };
      call.onerror = call.ontimeout = () => reject(new Lost());
      call.onabort = () => reject(transfer && transfer.halted ? new Halted() : new Lost());
      if (transfer) {
        transfer.call = call;
        call.upload.onprogress = (event) => { transfer.flying = event.loaded; changed(); };
      }
      call.send(body);
    });
  }

  const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });

  function crc32(bytes) {
    let value = 0xffffffff;
    for (let index = 0; index < bytes.length; index += 1) value = TABLE[(value ^ bytes[index]) & 255] ^ (value >>> 8);
    return ((value ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
  }

  async function checksum(buffer) {
    // Browsers keep crypto.subtle for encrypted connections and for this machine.
    if (!window.crypto || !crypto.subtle) return `crc32 ${crc32(new Uint8Array(buffer))}`;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
    return `sha256 ${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }

  /** One file, or one folder of files, on its way. */
  class Transfer {
    constructor(name, files, folder, sliceBytes) {
      Object.assign(this, { name, files, folder, sliceBytes });
      this.size = files.reduce((sum, each) => sum + each.file.size, 0);
      this.key = [folder ? "folder" : "file", name, this.size, ...files.slice(0, 50).map(
        ({ path, file }) => `${path}:${file.size}:${file.lastModified}`)].join("|");
      this.offsets = files.map(() => 0);
      this.row = `transfer-${(counted += 1)}`;
      this.id = null;
      this.state = "waiting";
      this.flying = 0;
      this.again = 0;
      this.error = null;
      this.samples = [];
    }

    get sent() { return Math.min(this.size, this.offsets.reduce((sum, each) => sum + each, 0) + this.flying); }
    get halted() { return this.state === "paused" || this.state === "cancelled"; }
    get running() { return this.state === "sending" || this.state === "retrying"; }

    /** Bytes a second over the last seconds; 0 while nothing is known. */
    rate() {
      const now = performance.now();
      this.samples.push([now, this.sent]);
      while (this.samples.length > 2 && now - this.samples[0][0] > RATE_WINDOW_MS) this.samples.shift();
      const [since, from] = this.samples[0];
      return now - since > 300 ? Math.max(0, ((this.sent - from) * 1000) / (now - since)) : 0;
    }

    become(state) {
      this.state = state;
      if (state !== "sending") this.samples = [];
      changed();
    }

    halt(state) {
      this.become(state);
      if (this.call) this.call.abort();
      if (this.wake) this.wake();
    }

    check() { if (this.halted) throw new Halted(); }

    /** Ask until there is an answer. */
    async ask(method, path, options = {}) {
      for (let attempt = 0; ; attempt += 1) {
        this.check();
        try {
          const answer = await request(method, path, { ...options, transfer: this });
          if (this.state === "retrying") this.become("sending");
          return answer;
        } catch (error) {
          this.flying = 0;
          if (!(error instanceof Lost)) throw error;
          await this.patience(attempt);
          if (options.once) throw error;
        }
      }
    }

    async patience(attempt) {
      const wait = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** attempt) * (0.75 + Math.random() / 2);
      this.check();
      this.again = performance.now() + wait;
      this.become("retrying");
      await new Promise((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, wait);
      });
      this.wake = null;
      this.check();
    }

    async begin() {
      const known = this.id || storage.get(this.key);
      if (known) {
        const answer = await this.ask("GET", `${ROUTE}/${known}`);
        const fits = answer.status === 200 && !answer.json.finished && answer.json.files.length === this.files.length
          && answer.json.files.every((each, index) => each.size === this.files[index].file.size);
        if (fits) {
          this.id = known;
          this.offsets = answer.json.files.map((each) => each.offset);
          return;
        }
        storage.remove(this.key);
      }
      const files = this.files.map(({ path, file }) => ({ path, size: file.size }));
      const body = JSON.stringify({ name: this.name, folder: this.folder, files });
      const headers = { "Content-Type": "application/json" };
      const answer = await this.ask("POST", ROUTE, { headers, body });
      if (answer.status !== 201) throw new Refused(answer);
      this.id = answer.json.id;
      this.name = answer.json.name;
      this.offsets = this.files.map(() => 0);
      this.complete = Boolean(answer.json.finished);
      if (!this.complete) storage.set(this.key, this.id);
    }

    async send(index) {
      const { file } = this.files[index];
      let damaged = 0;
      let attempt = 0;
      while (!this.complete && this.offsets[index] < file.size) {
        this.check();
        const offset = this.offsets[index];
        // Sent as a piece of the file and not as bytes: the browser then reads it from the disk once more, and keeps
        // none of it.
        const piece = file.slice(offset, offset + this.sliceBytes);
        const headers = {
          "Content-Type": "application/octet-stream",
          "Upload-Offset": String(offset),
          "Upload-Checksum": await checksum(await piece.arrayBuffer()),
        };
        let answer;
        try {
          this.check();
          answer = await request("PATCH", `${ROUTE}/${this.id}/${index}`, { headers, body: piece, transfer: this });
          if (this.state === "retrying") this.become("sending");
        } catch (error) {
          this.flying = 0;
          if (!(error instanceof Lost)) throw error;
          await this.patience(attempt);
          attempt += 1;
          // The slice may have arrived, and only the answer been lost.
          answer = await this.ask("HEAD", `${ROUTE}/${this.id}/${index}`);
        }
        this.flying = 0;
        const reached = answer.header("Upload-Offset");
        if (answer.header("Upload-Complete")) this.complete = true;
        else if (reached !== null && Number(reached) > offset) attempt = 0;
        if (reached !== null) this.offsets[index] = Number(reached);
        damaged = answer.status === 460 ? damaged + 1 : 0;
        if (answer.status === 413 && !answer.json && this.sliceBytes > SMALLEST_SLICE) {
          // A proxy in between lets no more through.
          this.sliceBytes = Math.max(SMALLEST_SLICE, Math.floor(this.sliceBytes / 4));
          continue;
        }
        if (answer.status === 409 && reached === null) await this.patience(attempt);
        else if (answer.status === 404) { storage.remove(this.key); this.id = null; throw new Refused(answer); }
        else if (damaged > DAMAGED_IN_A_ROW || ![200, 204, 409, 460].includes(answer.status)) throw new Refused(answer);
        changed();
      }
    }

    async run() {
      this.error = null;
      this.become("sending");
      try {
        await this.begin();
        for (let index = 0; index < this.files.length && !this.complete; index += 1) await this.send(index);
        if (!this.complete) throw new Error("The server does not have the whole file.");
        this.offsets = this.files.map(({ file }) => file.size);
        storage.remove(this.key);
        this.become("done");
      } catch (error) {
        this.flying = 0;
        if (error instanceof Halted) return;
        const unread = error instanceof DOMException;
        this.error = unread ? new Error("The file cannot be read any more: it was changed or moved. Choose it again.") : error;
        this.become("failed");
      } finally {
        this.call = null;
        pump();
      }
    }
  }

  function pump() {
    const free = AT_ONCE - transfers.filter((each) => each.running).length;
    transfers.filter((each) => each.state === "waiting").slice(0, Math.max(0, free)).forEach((each) => { each.ended = each.run(); });
  }

  // What was halted may still be reading a slice: it must have come to its end before it begins anew.
  async function resume(transfer) {
    await transfer.ended;
    if (transfer.state === "paused" || transfer.state === "failed") transfer.become("waiting");
    pump();
  }

  window.addEventListener("online", () => transfers.forEach((each) => each.wake && each.wake()));

  window.monaeUploads = {
    transfers,
    listen: (tell) => listeners.add(tell),

    /** Take in a file or a folder; one that is on its way already is not sent twice. */
    add(name, files, folder, sliceBytes) {
      const fresh = new Transfer(name, files, folder, sliceBytes);
      const same = transfers.find((each) => each.key === fresh.key && each.state !== "done");
      if (same) {
        same.files = fresh.files;
        if (same.state === "paused" || same.state === "failed") resume(same);
      } else transfers.push(fresh);
      changed();
      pump();
    },

    pause: (transfer) => { transfer.halt("paused"); pump(); },

    resume,

    async cancel(transfer) {
      transfer.halt("cancelled");
      storage.remove(transfer.key);
      transfers.splice(transfers.indexOf(transfer), 1);
      changed();
      pump();
      await transfer.ended;
      if (transfer.id) await this.remove(transfer.id);
    },

    /** Remove an upload from the server; false if that did not work. */
    async remove(id) {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        try {
          const answer = await request("DELETE", `${ROUTE}/${id}`);
          if (answer.status !== 409) return answer.status === 204 || answer.status === 404;
        } catch { /* try again */ }
        await new Promise((resolve) => setTimeout(resolve, 500 * (attempt + 1)));
      }
      return false;
    },

    async list() {
      try {
        const answer = await request("GET", ROUTE);
        return answer.status === 200 ? answer.json.uploads : null;
      } catch { return null; }
    },
  };
})();

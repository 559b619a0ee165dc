/* When the server does not answer: say so, ask again and again, and go on as if nothing had been.

   What a page asks for by itself waits meanwhile and is asked once more, except for the clock that follows a training:
   it is told "nothing new" (204), or its questions would pile up. What somebody pressed is not sent twice, since it may
   have been done: it comes to nothing, below a banner that says why. */
"use strict";

(function () {
  const AGAIN_MS = 1000;
  const PATIENCE_MS = 2500;
  const RECENT_MS = 4000;
  const UPDATE = "_dash-update-component";
  const TICK = "training-clock.n_intervals";
  const PRESSED = /"changedPropIds":\[[^\]]*\.n_(?:clicks|submit)"/;
  const GATEWAY = new Set([502, 503, 504]);
  const send = window.fetch.bind(window);
  const nothing = () => new Response(null, { status: 204 });
  let down = false;
  let ticked = -RECENT_MS;
  let waiting = [];

  function show() {
    const bar = document.getElementById("offline");
    if (!bar) return;
    const following = performance.now() - ticked < RECENT_MS;
    bar.hidden = !down;
    bar.textContent = down ? `The app does not answer${following ? "; the training goes on" : ""}. Trying again …` : "";
  }

  async function healthy() {
    try {
      return (await send("/api/health", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) })).ok;
    } catch {
      return false;
    }
  }

  async function ask() {
    if (await healthy()) back();
    show();
    if (down) setTimeout(ask, AGAIN_MS);
  }

  // Some answers take long: only a server that does not say that it is well either is away.
  async function doubt() {
    if (!(await healthy())) lost();
  }

  function back() {
    down = false;
    for (const go of waiting.splice(0)) go();
  }

  function lost() {
    if (!down) setTimeout(ask, AGAIN_MS);
    down = true;
    show();
  }

  const untilBack = () => new Promise((go) => waiting.push(go));

  async function answered(resource, options) {
    const late = setTimeout(doubt, PATIENCE_MS);
    try {
      const answer = await send(resource, options);
      if (!GATEWAY.has(answer.status)) return answer;
    } catch (error) {
      if (error.name === "AbortError") throw error;
    } finally {
      clearTimeout(late);
    }
    lost();
    return null;
  }

  window.fetch = async function (resource, options) {
    const address = typeof resource === "string" ? resource : resource.url || String(resource);
    if (!address.includes(UPDATE)) return send(resource, options);
    const body = typeof options?.body === "string" ? options.body : "";
    const tick = body.includes(`"${TICK}"`);
    if (tick) ticked = performance.now();
    if (tick || PRESSED.test(body)) return down ? nothing() : (await answered(resource, options)) || nothing();
    for (;;) {
      if (down) await untilBack();
      const answer = await answered(resource, options);
      if (answer) return answer;
    }
  };
})();

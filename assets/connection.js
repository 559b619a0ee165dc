/* When the server does not answer: say so, ask again and again, and go on as if nothing had been.

   Requests of the clock that follows a training are answered here meanwhile with "nothing new" (204), so that the page
   neither complains nor gathers requests; all others fail as they would. */
"use strict";

(function () {
  const AGAIN_MS = 1000;
  const PATIENCE_MS = 5000;
  const UPDATE = "_dash-update-component";
  const TICK = "training-clock.n_intervals";
  const GATEWAY = new Set([502, 503, 504]);
  const send = window.fetch.bind(window);
  let down = false;
  let following = false;

  const place = () => document.getElementById("offline");

  function show() {
    const bar = place();
    if (!bar) return;
    bar.hidden = !down;
    bar.textContent = !down
      ? ""
      : following
        ? "The app does not answer; the training goes on. Trying again …"
        : "The app does not answer. Trying again …";
  }

  async function ask() {
    try {
      const answer = await send("/api/health", { cache: "no-store" });
      if (answer.ok) down = false;
    } catch {
      // still away
    }
    show();
    if (down) setTimeout(ask, AGAIN_MS);
  }

  function lost(tick) {
    following = following || tick;
    if (!down) {
      down = true;
      setTimeout(ask, AGAIN_MS);
    }
    show();
  }

  function isTick(options) {
    return typeof options?.body === "string" && options.body.includes(`"${TICK}"`);
  }

  window.fetch = async function (resource, options) {
    const address = typeof resource === "string" ? resource : resource.url || String(resource);
    if (!address.includes(UPDATE)) return send(resource, options);
    const tick = isTick(options);
    if (tick && down) return new Response(null, { status: 204 });
    const late = tick ? setTimeout(() => lost(true), PATIENCE_MS) : 0;
    try {
      const answer = await send(resource, options);
      if (tick && GATEWAY.has(answer.status)) {
        lost(true);
        return new Response(null, { status: 204 });
      }
      if (tick) following = false;
      return answer;
    } catch (error) {
      lost(tick);
      if (tick) return new Response(null, { status: 204 });
      throw error;
    } finally {
      clearTimeout(late);
    }
  };
})();

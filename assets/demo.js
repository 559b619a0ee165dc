/* A demo starts over: asked first, then emptied on the server, forgotten by the browser, and begun at the first page. */
"use strict";

(function () {
  const at = (id) => document.getElementById(id);

  function ask(sure) {
    at("demo-sure").hidden = !sure;
    at("demo-over").hidden = sure;
    at(sure ? "demo-no" : "demo-over").focus();
  }

  async function startOver() {
    const said = at("demo-said");
    for (const id of ["demo-yes", "demo-no"]) at(id).disabled = true;
    said.textContent = "Starting over …";
    try {
      const answer = await fetch("/api/demo/start-over", { method: "POST", headers: { "X-Monae": "1" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error((await answer.json()).found);
      // The next page has another id, by which the browser forgets what it kept; with several users it has not.
      for (const kept of [localStorage, sessionStorage]) kept.setItem("monae-demo", "over");
      window.location.assign("/");
    } catch (error) {
      for (const id of ["demo-yes", "demo-no"]) at(id).disabled = false;
      said.textContent = error.message;
    }
  }

  document.addEventListener("click", (event) => {
    const id = event.target instanceof Element && event.target.closest("button")?.id;
    if (id === "demo-over") ask(true);
    else if (id === "demo-no") ask(false);
    else if (id === "demo-yes") startOver();
  });
})();

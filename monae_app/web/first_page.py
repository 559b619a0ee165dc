"""The HTML that the app begins with: what has to be known before anything is painted."""

from __future__ import annotations

# What an older demo kept is forgotten when another one begins, and what the browser kept before all of them comes back
# when the app is no demo any more: both are served from one address.
DEMO = """
(function () {
  const demo = "%DEMO%";
  if (demo) document.documentElement.dataset.demo = demo;
  const turn = (kept) => {
    const last = kept.getItem("monae-demo") || "";
    if (last === demo) return;
    const before = (last ? kept.getItem("monae-before-demo") : JSON.stringify({ ...kept })) || "{}";
    kept.clear();
    if (demo) {
      kept.setItem("monae-demo", demo);
      kept.setItem("monae-before-demo", before);
    } else for (const [name, value] of Object.entries(JSON.parse(before))) kept.setItem(name, value);
  };
  for (const name of ["localStorage", "sessionStorage"]) try { turn(window[name]); } catch { }
})();
"""
# A dark page must not flash white.
THEME = """
try { document.documentElement.dataset.theme = JSON.parse(localStorage.getItem("theme")) || "%THEME%" ||
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"); } catch { }
"""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
<script>%SCRIPT%</script>
{%css%}
</head>
<body>
<a class="skip-link" href="#main">Skip to the content</a>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""


def index(demo: str, theme: str) -> str:
    """Write the page for Dash to fill.

    Parameters
    ----------
    demo
        Id of the demo, in letters and digits; empty for none.
    theme
        To begin with, where the browser has not kept one; empty: as its system has it.
    """
    return PAGE.replace("%SCRIPT%", DEMO + THEME).replace("%DEMO%", demo).replace("%THEME%", theme)

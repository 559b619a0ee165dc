"""Parts of an HTML page; every text that comes from a run is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STYLE = """
:root { --bg: #f4f6f8; --surface: #fff; --line: #e1e5ea; --ink: #16202e; --muted: #5b6676; --accent: #0b7a70;
  --good: #17693a; --caution: #8a5a00; --bad: #b42318; --unknown: #5b6676; color-scheme: light; }
@media (prefers-color-scheme: dark) { :root { --bg: #0f141b; --surface: #171d26; --line: #28303c; --ink: #e7ecf3;
  --muted: #9aa6b6; --accent: #4fd1c5; --good: #6fd49a; --caution: #f2c063; --bad: #ff8f85; --unknown: #9aa6b6;
  color-scheme: dark; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 2rem 1.25rem; background: var(--bg); color: var(--ink);
  font: 15px/1.5 Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 0 0 0.6rem; } h3 { font-size: 1rem; margin: 0; }
p { margin: 0.3rem 0; } .muted { color: var(--muted); } a { color: var(--accent); }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem 1.2rem;
  margin-top: 1rem; overflow-wrap: break-word; }
.answer { font-size: 1.3rem; font-weight: 700; }
.finding { border-left: 4px solid var(--line); padding: 0.2rem 0 0.2rem 0.8rem; margin: 0.9rem 0; }
.good { border-color: var(--good); } .caution { border-color: var(--caution); } .bad { border-color: var(--bad); }
.level { font-weight: 650; } .level.good { color: var(--good); } .level.caution { color: var(--caution); }
.level.bad { color: var(--bad); } .level.unknown { color: var(--unknown); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); }
.number { white-space: nowrap; }
thead th { color: var(--muted); font-size: 0.88rem; } .wide { overflow-x: auto; }
figure { margin: 0; background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 0.6rem;
  color: #16202e; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { font-weight: 600; font-size: 0.92rem; margin-bottom: 0.3rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(440px, 1fr)); gap: 0.8rem; }
.figures + .figures { margin-top: 0.8rem; } .figures.wide-ones { grid-template-columns: 1fr; }
blockquote { margin: 0.4rem 0; padding: 0.6rem 0.9rem; border-left: 3px solid var(--accent); }
details { margin-top: 0.6rem; } summary { cursor: pointer; color: var(--muted); font-weight: 600; }
code { font: 0.86em ui-monospace, "SF Mono", Menlo, Consolas, monospace; } li { margin: 0.25rem 0; }
@media print { body { background: #fff; } section { break-inside: avoid; } }
"""
# nothing is loaded, from nowhere
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title: str, parts: Iterable[str]) -> str:
    """Put a page together."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n'
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """Frame a part of the page."""
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(filter(None, parts)) + "\n</section>"


def paragraph(text: str, look: str = "") -> str:
    """Write a paragraph."""
    return f'<p class="{look}">{escape(text)}</p>' if look else f"<p>{escape(text)}</p>"


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table; the first cell of a row names it."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "\n".join(
        f'<tr><th scope="row">{escape(str(row[0]))}</th>' + "".join(_cell(each) for each in row[1:]) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _cell(value: Any) -> str:
    look = ' class="number"' if isinstance(value, int | float) else ""
    return f"<td{look}>{escape(written(value))}</td>"


def pairs(values: Mapping[str, Any], heads: tuple[str, str] = ("", "")) -> str:
    """Write names and values as a table of two columns."""
    return table(heads, [(name, value) for name, value in values.items()])


def figure(caption: str, source: str, told: str = "") -> str:
    """Show a picture; ``told`` is for those who do not see it."""
    image = f'<img src="{source}" alt="{escape(told or caption)}">'
    return f"<figure><figcaption>{escape(caption)}</figcaption>{image}</figure>"


def figures(parts: Sequence[str], *, wide: bool = False) -> str:
    """Put figures beside each other, or below each other."""
    look = "figures wide-ones" if wide else "figures"
    return f'<div class="{look}">' + "\n".join(parts) + "</div>" if parts else ""


def fold(title: str, *parts: str) -> str:
    """Hide what is long behind its title."""
    return f"<details><summary>{escape(title)}</summary>\n" + "\n".join(parts) + "\n</details>"


def items(texts: Iterable[str]) -> str:
    """Write a list."""
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in texts) + "</ul>"


def written(value: Any) -> str:
    """Write a value: thousands apart, four digits, lists by comma, an en dash for none."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return str(value)

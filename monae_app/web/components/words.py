"""Numbers and times as people write them."""

from __future__ import annotations

import time


def duration(seconds: float) -> str:
    """Write a time span: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h {rest // 60} min"


def estimate(seconds: float) -> str:
    """Write an estimate no finer than it is."""
    if seconds < 50:
        return f"about {max(5, round(seconds / 5) * 5)} seconds"
    if seconds < 5400:
        minutes = max(1, round(seconds / 60))
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    return f"about {seconds / 3600:.1f} hours"


def ordinal(number: int) -> str:
    """Write a place: "1st", "2nd", "11th", "22nd"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def moment(seconds: float) -> str:
    """Write a time since 1970 as date and time of day here."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def number(value: float) -> str:
    """Write a number with thousands separated, without needless decimals."""
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.3g}"


def percent(share: float) -> str:
    """Write a share."""
    return f"{100 * share:.1f} %" if share >= 0.001 else f"{100 * share:.2g} %"


def listed(parts: list[str]) -> str:
    """Write an enumeration: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def size(count: float) -> str:
    """Write a number of bytes: "512 B", "3.4 MB", "1.2 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "B" or count >= 99.5 else f"{count:,.1f} {unit}"

"""The commands ``monae app`` and ``monae demo``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from monae_app.web.flags import add_demo_flags, add_flags, read_flags

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from monae_app.web.settings import Settings


def add_serving(commands: Any, say: Callable[[str], None]) -> None:
    """Add both to the commands of a parser.

    Parameters
    ----------
    commands
        Of the parser.
    say
        Tells the one who started them a line.
    """
    app = commands.add_parser("app", help="open the app in a browser")
    add_flags(app, files=True)
    app.set_defaults(command=lambda parsed: _serve(read_flags(parsed), say))
    demo = commands.add_parser("demo", help="open the app on the bundled samples")
    add_flags(demo, files=False)
    add_demo_flags(demo)
    demo.set_defaults(command=lambda parsed: _demo(parsed, say))


def _demo(parsed: argparse.Namespace, say: Callable[[str], None]) -> int:
    from monae_app.web.demo import demo_settings

    with demo_settings(read_flags(parsed), keep=parsed.keep, projector=parsed.projector) as (settings, told):
        say(told)
        return _serve(settings, say)


def _serve(settings: Settings, say: Callable[[str], None]) -> int:
    from monae_app.web.serve import serve

    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    serve(settings, on_ready=lambda address: say(f"Monae App is at {address} (stop with Ctrl-C)"))
    return 0

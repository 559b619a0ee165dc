"""Serve the app: ``python app.py``; `monae app` does the same with options."""

from __future__ import annotations

from monae_app.web.serve import serve
from monae_app.web.settings import Settings

if __name__ == "__main__":
    serve(Settings())

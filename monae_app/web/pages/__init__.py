"""The pages; each offers PATH, TITLE, layout() and register(app, services)."""

"""Long work, outside the web process: a run is a folder, written by one worker, watched by polling."""

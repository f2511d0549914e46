"""JupyterLab in a real browser; run with -m browser."""

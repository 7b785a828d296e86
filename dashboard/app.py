"""App: the entry script of the dashboard, run by ``streamlit run`` once for every click."""

from __future__ import annotations

from dashboard.frame import main

main()

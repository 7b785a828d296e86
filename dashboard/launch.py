"""Launch: how the Streamlit server is started, as a list of flags."""

from __future__ import annotations

from pathlib import Path

_LIGHT = {
    "primaryColor": "#3949ab",
    "backgroundColor": "#f6f7f9",
    "secondaryBackgroundColor": "#ffffff",
    "textColor": "#1c2430",
    "linkColor": "#3949ab",
    "borderColor": "#dde2e9",
}
_DARK = {
    "primaryColor": "#9aa8ff",
    "backgroundColor": "#10151d",
    "secondaryBackgroundColor": "#1a212c",
    "textColor": "#e4e9f1",
    "linkColor": "#a9b5ff",
    "borderColor": "#2c3644",
}
_SIDEBAR = {
    "light": {"backgroundColor": "#eceff4", "secondaryBackgroundColor": "#ffffff"},
    "dark": {"backgroundColor": "#0b0f15", "secondaryBackgroundColor": "#1a212c"},
}
_SHAPE = {
    "baseRadius": "6px",
    "baseFontSize": "14",
    "showWidgetBorder": "true",
    "headingFontWeights": "600",
}


def script() -> Path:
    """Return the entry script that ``streamlit run`` wants."""
    return Path(__file__).with_name("app.py")


def streamlit_flags(*, port: int, headless: bool, address: str = "127.0.0.1") -> list[str]:
    """Return the flags after ``streamlit run SCRIPT``.

    ``runner.postScriptGC`` off spares a full garbage collection after every click (Streamlit
    issue 8977), most of the cost of a lean page. Nothing is told to anybody: usage statistics
    are off and fonts are those that Streamlit itself serves.
    """
    flags = {
        "server.port": str(port),
        "server.address": address,
        "server.headless": str(headless).lower(),
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "1",
        "runner.postScriptGC": "false",
        "runner.magicEnabled": "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "logger.hideWelcomeMessage": "true",
    }
    for mode, colours in (("light", _LIGHT), ("dark", _DARK)):
        flags |= {f"theme.{mode}.{name}": value for name, value in colours.items()}
        flags |= {f"theme.{mode}.sidebar.{name}": v for name, v in _SIDEBAR[mode].items()}
    flags |= {f"theme.{name}": value for name, value in _SHAPE.items()}
    return [f"--{name}={value}" for name, value in flags.items()]

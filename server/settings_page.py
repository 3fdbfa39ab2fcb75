"""The settings as a page of the documents."""

from __future__ import annotations

from server import config


def table() -> str:
    """Return the settings as a Markdown page (docs/settings.md)."""
    files = ", ".join(f"`WONDER_{name.upper()}_FILE`" for name in config.SECRETS)
    rows = [
        "# Settings",
        "",
        "Each is an option of `wonder serve`, a variable, and a key (`_` or `-`) of the file in",
        "`--config FILE.toml`; options win over variables, variables over the file.",
        f"A secret may stand in a file, which one of these names: {files}.",
        "`wonder settings` writes this page.",
        "",
        "| option | variable | key | default | meaning |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*rows, *map(_row, config.NAMES), ""])


def _row(name: str) -> str:
    default = config.DEFAULTS[name]
    shown = f"`{default}`" if str(default) else "(empty)"
    counted = f"{shown} {config.unit(name)}".rstrip()
    sentence = (config.meta(name).description or "").replace("|", "\\|")
    return f"| `{config.flag(name)}` | `WONDER_{name.upper()}` | `{name}` | {counted} | {sentence} |"

"""Measure accuracy on labelled files, beside the baselines, in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from renom.commands._output import out, print_json, safe, table
from renom.commands._session import Json
from renom.errors import ConfigError


def command(
    task: Annotated[str, typer.Argument(help="sentiment, language, entities or relevance.")],
    path: Annotated[Path, typer.Argument(help="A labelled JSONL file (.gz too) or a folder.")],
    context: Annotated[
        Path | None,
        typer.Option(help="Of relevance: JSON file with the context words of each brand."),
    ] = None,
    json: Json = False,
) -> None:
    """Measure accuracy on your own labels: n, F1 per class, calibration, texts/s, baselines."""
    from nlp._evaluation import TASKS, evaluate

    if task not in (*TASKS, "relevance"):
        known = sorted((*TASKS, "relevance"))
        raise ConfigError(f"unknown task `{task}`", "known: " + ", ".join(known))
    if not path.exists():
        raise ConfigError(f"{path} does not exist")
    if task == "relevance":
        _relevance(path, context, json)
        return
    result = evaluate(task, path)
    if json:
        print_json(result)
        return
    _print(result)


def _relevance(path: Path, context: Path | None, json: bool) -> None:
    """Measure what context words and judgements gain on ambiguous names."""
    from renom.relevance.evaluation import evaluate

    result = evaluate(path, context=context)
    if json:
        print_json(result)
        return
    brands = result["brands"]
    out.print(safe(f"relevance: {result['n']} texts, {len(brands)} brands", style="bold"))
    numbers = ("precision", "recall", "F1", "kept", "Brier", "silent")
    shown = table("brand", "with", *numbers, right=numbers)
    means = {f"mean of {len(brands)}": result["mean"]} if len(brands) > 1 else {}
    for name, stages in {**{n: b["stages"] for n, b in brands.items()}, **means}.items():
        for stage, row in stages.items():
            fields = ("precision", "recall", "f1", "kept", "brier", "silent")
            shown.add_row(
                safe(name), _STAGES.get(stage, stage), *(_number(row.get(f)) for f in fields)
            )
    out.print(shown)


_STAGES = {
    "words": "the query alone",
    "context": "context words",
    "20": "20 labels",
    "50": "50 labels",
    "100": "100 labels",
    "labels_only_20": "20 labels, no context",
    "labels_only_50": "50 labels, no context",
    "labels_only_100": "100 labels, no context",
}


def _print(result: dict[str, Any]) -> None:
    out.print(safe(f"{result['task']}: {result['n']} texts", style="bold"))
    shown = table(
        "",
        "macro-F1",
        "macro-recall",
        "accuracy",
        "ECE",
        "texts/s",
        right=("macro-F1", "macro-recall", "accuracy", "ECE", "texts/s"),
    )
    rows = {result.get("tier", "renom"): result, **result.get("baselines", {})}
    for name, row in rows.items():
        shown.add_row(
            safe(name),
            *(_number(row.get(key)) for key in ("macro_f1", "macro_recall", "accuracy", "ece")),
            f"{row['texts_per_second']:.0f}" if row.get("texts_per_second") else "",
        )
    out.print(shown)
    classes = table("class", "n", "precision", "recall", "F1", right=("n", "precision", "recall"))
    for name, row in result.get("per_class", {}).items():
        classes.add_row(
            safe(name),
            str(row.get("n", row.get("support", ""))),
            *(_number(row.get(key)) for key in ("precision", "recall", "f1")),
        )
    out.print(classes)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"

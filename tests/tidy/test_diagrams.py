"""Goal: a diagram of states in a document is the one that the code is written by."""

from __future__ import annotations

import importlib
import re

from tests.tidy.sources import ROOT, text_of

NAMED = re.compile(
    r"<!-- states: (?P<module>[a-z_.]+) -->\n```mermaid\n(?P<diagram>stateDiagram-v2\n.*?)```",
    re.DOTALL,
)


def lines_of(diagram):
    return [line.strip() for line in diagram.splitlines() if line.strip()]


def test_the_diagrams_of_the_documents_are_those_of_the_modules():
    """The module's own diagram is compared with its table of states elsewhere."""
    shown = []
    for path in sorted((ROOT / "docs").glob("*.md")):
        for found in NAMED.finditer(text_of(path)):
            text = importlib.import_module(found["module"]).__doc__
            drawn = lines_of(text[text.index("stateDiagram-v2") :])
            assert lines_of(found["diagram"]) == drawn, path.name
            shown.append(found["module"])
    assert "services.filing.domain.states" in shown

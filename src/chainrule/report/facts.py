"""What the data were, how it was trained, with which versions, and how to do it again."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.report.markup import duration, escape, section
from chainrule.report.run import Run

WHOLE = 4000  # characters: notes and commands are not cut, unless somebody attacks


def facts(run: Run) -> str:
    """Notes on the data, settings, versions and the command."""
    notes = "".join(f"<li>{escape(note, WHOLE)}</li>" for note in run.notes)
    settings = {**run.settings, "time": f"{duration(run.seconds)} for training"}
    body = (
        f'<div class="facts"><div><h3>The data</h3><ul>{notes}</ul></div>'
        f"<div><h3>The training</h3>{_list(settings)}</div>"
        f"<div><h3>Made with</h3>{_list(run.versions)}</div></div>"
        f"<h3>To repeat it</h3><pre><code>{escape(run.command, WHOLE)}</code></pre>"
    )
    return section("facts", "How it was made", body)


def _list(items: Mapping[str, str]) -> str:
    return "<dl>" + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in items.items()) + "</dl>"

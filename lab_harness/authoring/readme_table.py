"""The table of labs in the course's README: one row a lab, in the order of their notebooks."""

import re
from pathlib import Path

ROW = re.compile(r"^\| \d\d \| \[`(\w+)`\]\(labs/\w+/README\.md\) \|.*$", re.MULTILINE)


def row_of(lab_id: str, notebook: str) -> str:
    """How the row of a lab begins; what is built in it follows."""
    return f"| {notebook[:2]} | [`{lab_id}`](labs/{lab_id}/README.md) | "


def listed(readme: Path) -> dict[str, str]:
    """The rows of the table by lab; none where there is no README."""
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    return {row[1]: row[0] for row in ROW.finditer(text)}


def with_row(text: str, lab_id: str, notebook: str, built: str) -> str:
    """A README with one lab more in its table, where its number belongs; as it is where it has no table."""
    row, rows = f"{row_of(lab_id, notebook)}{built} |", list(ROW.finditer(text))
    later = [each.start() for each in rows if each[0] > row]
    if later:
        return f"{text[: later[0]]}{row}\n{text[later[0] :]}"
    return f"{text[: rows[-1].end()]}\n{row}{text[rows[-1].end() :]}" if rows else text

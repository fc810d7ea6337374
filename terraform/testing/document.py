"""Writes what READMEs repeat: tables of inputs and outputs, and their examples as one configuration that is tested.

Run it after a change: python terraform/testing/document.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- made by testing/document.py -->", "<!-- end -->"
BLOCK = re.compile(r'^(variable|output|resource) "([^"]+)"(?: "([^"]+)")? \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"```hcl\n(.*?)```", re.DOTALL)


def modules(root: Path) -> list[Path]:
    """Folders that have a README of their own."""
    return [*sorted((root / "modules").iterdir()), root / "bootstrap"]


def blocks(folder: Path, kind: str) -> list[tuple[str, str, str]]:
    """(first label, second label, body) of every block of a kind, in the order of its labels."""
    text = "\n".join(file.read_text() for file in sorted(folder.glob("*.tf")))
    return sorted(found[1:] for found in BLOCK.findall(text) if found[0] == kind)


def described(body: str) -> str:
    """A block's description, fit for a table."""
    found = re.search(r'^  description = "(.*)"$', body, re.MULTILINE)
    return found[1].replace('\\"', '"').replace("|", "\\|") if found else ""


def short_type(body: str) -> str:
    """The type in a word or two: objects say no more than that they are one."""
    said = re.search(r"^  type += +(.*)$", body, re.MULTILINE)[1]
    return {"object({": "object", "list(object({": "list of objects"}.get(said, said)


def default(body: str) -> str:
    """The default on one line, or that there is none."""
    found = re.search(r"^  default += +(.*)$", body, re.MULTILINE)
    if not found:
        return "required"
    return "see `variables.tf`" if found[1] in ("[", "{") else f"`{found[1]}`"


def tables(folder: Path) -> str:
    """Everything a caller can give and get, and what is made."""
    inputs = [f"| `{n}` | {short_type(b)} | {default(b)} | {described(b)} |" for n, _, b in blocks(folder, "variable")]
    outputs = [f"| `{n}` | {described(b)} |" for n, _, b in blocks(folder, "output")]
    made = ", ".join(sorted({f"`{kind}`" for kind, _, _ in blocks(folder, "resource")}))
    lines = ["| input | type | default | |", "|---|---|---|---|", *inputs, ""]
    lines += ["| output | |", "|---|---|", *outputs, "", f"Makes {made}."]
    return "\n".join(lines)


def readme(folder: Path) -> str:
    """The README as it should be: its own words, then the tables."""
    text = (folder / "README.md").read_text()
    own = text.split(BEGIN)[0].rstrip()
    return f"{own}\n\n{BEGIN}\n{tables(folder)}\n{END}\n"


def examples(root: Path) -> str:
    """The examples of all READMEs; together they are a whole."""
    found = [EXAMPLE.search((folder / "README.md").read_text()) for folder in sorted((root / "modules").iterdir())]
    head = "# Made by testing/document.py from the examples in the modules' READMEs. Do not edit."
    return "\n".join([head, "", *(one[1] for one in found)])


def wanted(root: Path) -> dict[Path, str]:
    """Every file that is made, and what should be in it."""
    files = {folder / "README.md": readme(folder) for folder in modules(root)}
    return {**files, root / "testing" / "examples" / "main.tf": examples(root)}


def stale(root: Path = HERE) -> list[str]:
    """Files that are not what they should be."""
    return [str(f.relative_to(root)) for f, text in wanted(root).items() if not f.exists() or f.read_text() != text]


def main() -> int:
    """Write what is stale, and say so."""
    for name in stale():
        file = HERE / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(wanted(HERE)[file])
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The defects as a page for people: docs/defects.md.

`python -m tests.defects.page >docs/defects.md`; a test compares the two.
"""

import sys
from collections.abc import Mapping

from orchestrator.replay.defects import Defect
from tests.defects.harness import read_defects

HEAD = """# Defects

Every file in `examples/eks-h100-inference/defects` is a change of that recorded cluster with which
it is not healthy any more, or with which it should count as healthy all the same. `make defects`
runs them all, and the healthy cluster two hundred times; the tests run each one.

Try one as if it were a cluster of yours:

```
aicr-orch validate --phase all --replay examples/eks-h100-inference/defects/gpus-unhealthy.yaml
aicr-orch replay examples/eks-h100-inference/defects/gpus-unhealthy.yaml
```

This page is written from those files by `make docs`.
"""
FORMAT = """## Write one

A defect belongs to the recorded cluster in the folder above its own, whose recipe it shares. A
snapshot beside that recipe is not used: it was taken without the defect.

| key | what it does |
| --- | --- |
| `found` | the check that must notice, its verdict, and a part of what it says |
| `also` | other checks whose verdict changes, and rightly so; all others must stay as they are |
| `harmless: true` | in place of `found`: no verdict changes |
| `cluster` | merged into `cluster.yaml`; `unserved: [GROUP]` turns an API group off |
| `patches` | changes of objects by kind, namespace and shell pattern of the name; null removes a \
key; items of lists that all have a `name`, or a `type`, are merged by it, other lists replaced |
| `remove` | objects, with what is in a namespace, of a definition, or owned by them |
| `objects`, `pods`, `faults` | as in the folders of those names, and before what is there |

A patch or removal that matches nothing is an error. `aicr-orch schema replay` has the schema.
"""


def render(defects: Mapping[str, Defect]) -> str:
    """Give the whole page."""
    parts = [HEAD, _found(defects), _harmless(defects), FORMAT]
    return "\n".join(parts)


def row(name: str, defect: Defect) -> tuple[str, str]:
    """A defect and who finds it, in two cells."""
    if defect.found is None:
        return name, "harmless"
    return name, f"{defect.found.check} {defect.found.status}: {defect.found.message}"


def _found(defects: Mapping[str, Defect]) -> str:
    lines = ["## What is found", "", "| defect | what it is | found by | verdict | also |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name, defect in defects.items():
        if defect.found:
            also = ", ".join(f"`{check}`" for check in defect.also)
            found = f"`{defect.found.check}` | {defect.found.status}: “{defect.found.message}”"
            lines.append(f"| `{name}` | {defect.description} | {found} | {also} |")
    return "\n".join(lines) + "\n"


def _harmless(defects: Mapping[str, Defect]) -> str:
    lines = ["## What changes no verdict", "", "| trouble | what it is |", "| --- | --- |"]
    lines += [
        f"| `{name}` | {item.description} |" for name, item in defects.items() if item.harmless
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render(read_defects()))

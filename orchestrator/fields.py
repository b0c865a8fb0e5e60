"""What is wrong with a file, by field: one line with what is allowed and what was meant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from orchestrator.errors import nearest, shown

MAX_PROBLEMS = 8  # in one message
MAX_KEY = 60
SLIP = 0.9  # likeness, from 0 to 1

Model = type[BaseModel]


def problems(error: ValidationError, model: Model) -> str:
    """All problems of a file as `path: problem; path: problem`, as many as one reads."""
    found = error.errors(include_url=False)
    lines = dict.fromkeys(_problem(item, model) for item in found[:MAX_PROBLEMS])
    return "; ".join(lines) + rest(found)


def rest(found: Sequence[object]) -> str:
    """How many problems are not told."""
    return f"; and {len(found) - MAX_PROBLEMS} more" if len(found) > MAX_PROBLEMS else ""


@dataclass(frozen=True)
class Unknown:
    """A key that a model took without knowing it; one for all items of a list."""

    path: str
    key: str
    model: Model

    @property
    def is_slip(self) -> bool:
        """Whether it can only be a known key, mistyped; what it says would be lost."""
        return bool(get_close_matches(self.key[:MAX_KEY], keys(self.model), 1, SLIP))

    def __str__(self) -> str:
        return f"{self.path}{self.key[:MAX_KEY]}{nearest(self.key, keys(self.model))}"


def unknown(part: BaseModel) -> Sequence[Unknown]:
    """The keys of a document that its model does not know."""
    return list(dict.fromkeys(_unknown(part, "")))


def check_labels(selector: Mapping[str, str]) -> None:
    """ValueError for what cannot be written as `key=value,key=value`."""
    for pair in selector.items():
        if any(mark in part for part in pair for mark in ",="):
            raise ValueError(f"{shown(': '.join(pair))} is no label")


def keys(model: Model | None) -> Sequence[str]:
    """The keys of a model as files write them."""
    fields = model.model_fields.items() if model else ()
    return [field.alias or name for name, field in fields]


def _problem(item: Any, model: Model) -> str:
    steps = [str(step)[:MAX_KEY] for step in item["loc"]]
    problem = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        problem = f"unknown key{nearest(steps[-1], keys(_part(model, steps[:-1])))}"
    elif item["type"] == "literal_error":
        allowed = re.findall(r"'([^']*)'", item["ctx"]["expected"])
        problem = f"{shown(item['input'])}, want {item['ctx']['expected']}"
        problem += nearest(str(item["input"]), allowed)
    return f"{'.'.join(steps) or 'document'}: {problem}"


def _part(model: Model | None, steps: Sequence[str]) -> Model | None:
    """The model of the part of a file at a path."""
    for step in steps:
        if step.isdecimal():  # an item of a list is what the list is made of
            continue
        fields = model.model_fields.items() if model else ()
        annotations = [field.annotation for name, field in fields if (field.alias or name) == step]
        model = _model_in(annotations[0]) if annotations else None
    return model


def _model_in(annotation: Any) -> Model | None:
    """The model in `list[Model]`, `Model | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _unknown(part: BaseModel, path: str) -> Iterator[Unknown]:
    for key in part.model_extra or {}:
        yield Unknown(path, key, type(part))
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        below = f"{path}{field.alias or name}"
        if isinstance(value, BaseModel):
            yield from _unknown(value, f"{below}.")
        for item in value if isinstance(value, list) else ():
            if isinstance(item, BaseModel):
                yield from _unknown(item, f"{below}[].")

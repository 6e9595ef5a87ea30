"""Flow files to `Flows`. A mistake is a `ContentError` that reads `file:line: what is wrong`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

try:
    from yaml import CSafeLoader as SafeLoader  # five times as fast
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader  # type: ignore[assignment]  # reads the same

from bot.engine.definition import FlowFile, Flows, InterruptFile, State
from bot.errors import ContentError

BOOLEAN_KEYS = frozenset({"on", "off", "yes", "no", "y", "n", "true", "false"})


class _Reader(SafeLoader):
    """Reads `Sí`, `No` and `on` as text: YAML 1.1 would make truth values of the last two."""


_Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}
_TRUTHS = {"true": True, "false": False}


def load(folder: Path) -> Flows:
    """Read every `*.yaml` of `folder`; raise `ContentError` for the first file that is wrong."""
    states: dict[str, State] = {}
    phrases: dict[str, str] = {}
    lines: dict[str, str] = {}
    interrupts: InterruptFile | None = None
    for path in sorted(folder.glob("*.yaml")):
        content, places = read(path)
        if content.get("flow") == "interrupts":
            interrupts = _checked(InterruptFile, content, path, places)
            part: FlowFile | InterruptFile = interrupts
        else:
            part = flow = _checked(FlowFile, content, path, places)
            if flow.flow != path.stem:
                raise ContentError(f"{path.name}:1: the flow is named `{flow.flow}`, the file not")
            for key, state in flow.states.items():
                states[f"{flow.flow}.{key}"] = state
                lines[f"{flow.flow}.{key}"] = f"{path.name}:{places.get(('states', key), 1)}"
        for key, text in part.phrases.items():
            phrases[f"{part.flow}.{key}"] = text
            lines[f"{part.flow}.{key}"] = f"{path.name}:{places.get(('phrases', key), 1)}"
    if interrupts is None:
        raise ContentError(f"{folder.name}:1: interrupts.yaml is missing")
    return Flows(states=states, phrases=phrases, interrupts=interrupts, lines=lines)


Places = dict[tuple[str | int, ...], int]
Model = TypeVar("Model", bound=BaseModel)


def read(path: Path) -> tuple[dict[str, Any], Places]:
    """A YAML file as plain data, and the line of every key in it."""
    reader = _Reader(path.read_text(encoding="utf-8"))
    try:
        node = reader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContentError(f"{path.name}:{line}: {error.problem}") from error
    places: Places = {}
    _walk(node, (), places, path)
    content = reader.construct_document(node)
    if not isinstance(content, dict):
        raise ContentError(f"{path.name}:1: a flow file is a mapping")
    return content, places


def _walk(node: yaml.Node | None, trail: tuple[str | int, ...], places: Places, path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            here = (*trail, key.value)
            if key.value in BOOLEAN_KEYS:
                raise ContentError(
                    f"{path.name}:{line}: `{key.value}` is not a key; say `affirm` or `deny`"
                )
            if here in places:
                raise ContentError(f"{path.name}:{line}: `{key.value}` stands twice")
            places[here] = line
            _walk(value, here, places, path)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            places[(*trail, position)] = value.start_mark.line + 1
            _walk(value, (*trail, position), places, path)
    elif isinstance(node, yaml.ScalarNode) and not node.style and node.value in _TRUTHS:
        node.tag = "tag:yaml.org,2002:bool"


def _checked(model: type[Model], content: Any, path: Path, places: Places) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        location = tuple(first["loc"])
        line = next(
            (
                places[location[:size]]
                for size in range(len(location), 0, -1)
                if location[:size] in places
            ),
            1,
        )
        name = ".".join(str(piece) for piece in location)
        raise ContentError(f"{path.name}:{line}: {name}: {first['msg']}") from error

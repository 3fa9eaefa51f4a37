"""Kinds of values that a parameter may have, and reading them from a request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.telegram.errors import ApiError, bad_request

Json = dict[str, Any]


class Scalar(StrEnum):
    """A value without parts, and how a refusal names its kind."""

    INTEGER = "an Integer"
    BOOLEAN = "a Boolean"
    STRING = "a String"
    CHAT = "an Integer or an @username"
    FILE = "an uploaded file or a String"


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array of one kind."""

    item: Kind


@dataclass(frozen=True, slots=True)
class Record:
    """An object with named fields; ``open`` ones may have others besides."""

    name: str
    required: Mapping[str, Kind] = field(default_factory=dict)
    optional: Mapping[str, Kind] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several objects, told apart by a field that only it requires."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Tagged:
    """One of several objects, told apart by their ``type``.

    Attributes:
        name: what they are together.
        records: by type; they may be filled in later, so that an object can hold its own kind.
        mixed: whether a String, and an Array of the same kind, stand for one as well.
    """

    name: str
    records: Mapping[str, Record]
    mixed: bool = False


Kind = Scalar | ListOf | Record | Choice | Tagged


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    content: bytes


def read(kind: Kind, value: object, path: str, files: Mapping[str, Upload]) -> Any:
    """A parameter as it stands in a request, where forms carry everything as text.

    Args:
        kind: what is expected.
        value: the parameter's value; text from a form, any JSON value from a JSON body.
        path: how to name it in a refusal.
        files: the uploads of the request, by field name.

    Raises:
        ApiError: it is something else.
    """
    if isinstance(value, str):
        match kind:
            case Scalar.INTEGER | Scalar.CHAT if re.fullmatch(r"-?\d+", value):
                return int(value)
            case Scalar.BOOLEAN if value.lower() in {"true", "1", "false", "0"}:
                return value.lower() in {"true", "1"}
            case ListOf() | Record() | Choice():
                value = _decoded(kind, value, path)
    try:
        return check(kind, value, path, files)
    except RecursionError:
        raise wrong(f'"{path}" is nested too deep') from None


def _decoded(kind: Kind, value: str, path: str) -> object:
    try:
        decoded: object = json.loads(value)
    except (ValueError, RecursionError):
        raise wrong(f'"{path}" must be {_named(kind)}, as JSON') from None
    return decoded


def check(kind: Kind, value: object, path: str, files: Mapping[str, Upload]) -> Any:
    """A JSON value of exactly this kind; see ``read``."""
    match kind:
        case ListOf() | Tagged(mixed=True) if isinstance(value, list):
            each = kind.item if isinstance(kind, ListOf) else kind
            return [check(each, item, f"{path}[{n}]", files) for n, item in enumerate(value)]
        case Record() | Choice() | Tagged() if isinstance(value, dict):
            return _record(_chosen(kind, value, path), value, path, files)
        case Tagged(mixed=True) if isinstance(value, str):
            return value
        case Scalar.FILE if isinstance(value, str):
            return _file(value, path, files)
        case Scalar() if _is(kind, value):
            return value
    raise wrong(f'"{path}" must be {_named(kind)}')


def _is(kind: Scalar, value: object) -> bool:
    match kind:
        case Scalar.BOOLEAN:
            return isinstance(value, bool)
        case Scalar.STRING:
            return isinstance(value, str)
        case Scalar.FILE:
            return isinstance(value, Upload)
        case Scalar.CHAT if isinstance(value, str):
            return re.fullmatch(r"@\w+", value) is not None
        case _:
            return isinstance(value, int) and not isinstance(value, bool)


def _named(kind: Kind) -> str:
    match kind:
        case Scalar():
            return kind.value
        case ListOf():
            return "an Array"
        case Record() | Tagged():
            return f"a {kind.name} object"
        case Choice():
            return " or ".join(_named(record) for record in kind.records)


def _file(value: str, path: str, files: Mapping[str, Upload]) -> Upload | str:
    if not value.startswith("attach://"):
        return value
    if (upload := files.get(value.removeprefix("attach://"))) is None:
        raise wrong(f'"{path}" names the file {value}, which is not in the request')
    return upload


def _chosen(kind: Record | Choice | Tagged, value: Json, path: str) -> Record:
    if isinstance(kind, Record):
        return kind
    if isinstance(kind, Tagged):
        return _of_type(kind, value, path)
    for record in kind.records:
        if record.required.keys() <= value.keys():
            return record
    raise wrong(f'"{path}" must be {_named(kind)}')


def _of_type(kind: Tagged, value: Json, path: str) -> Record:
    name = value.get("type")
    if not isinstance(name, str):
        raise wrong(f'"{path}.type" must be a String')
    if (record := kind.records.get(name)) is None:
        raise wrong(f'"{path}" is a {kind.name} of the type "{name}", which is not emulated')
    return record


def _record(kind: Record, value: Json, path: str, files: Mapping[str, Upload]) -> Json:
    result: Json = {}
    for name in kind.required.keys() - value.keys():
        raise wrong(f'"{path}.{name}" is required')
    for name, item in value.items():
        if item is None:
            continue
        known = kind.required.get(name) or kind.optional.get(name)
        if known is not None:
            result[name] = check(known, item, f"{path}.{name}", files)
        elif kind.open:
            result[name] = item
        else:
            raise wrong(f'"{path}.{name}" is unknown here')
    return result


def wrong(text: str) -> ApiError:
    """A request that no correct bot sends."""
    return bad_request(text, breach="contract")

"""moto's answers written out in half the time: the same members of the same results, the same bytes of XML.

moto looks for each member of a result under up to eight names, made anew at each call, and hands XML to a general
writer that checks every name again. The names depend on the service's model and the result's class alone, so they are
made once; the names of elements come from that model, or from moto's own words.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core.serialize import AttributePicker, AttributePickerContext, BaseXMLSerializer, ResponseSerializer
from moto.core.utils import MISSING
from moto.core.utils import get_value as get_named

_get_value = ResponseSerializer.get_value


def get_value(serializer: ResponseSerializer, result: Any, key: str, shape: Any) -> Any:
    """A member of a result, as `ResponseSerializer.get_value` finds it."""
    picker = serializer._value_picker
    if key.endswith(_transformed(picker)):
        return _get_value(serializer, result, key, shape)
    for name in _names(picker, result, key, shape):
        value = result.get(name, MISSING) if type(result) is dict else get_named(result, name, MISSING)
        if value is not MISSING:
            return value
    return None


def _transformed(picker: AttributePicker) -> tuple[str, ...]:
    """How the keys end whose values moto changes by their whole path."""
    known: dict[str, Any] = picker.__dict__
    if "_transformed" not in known:
        known["_transformed"] = tuple(path.rpartition(".")[2] for path in picker.response_transformers)
    return known["_transformed"]


def _names(picker: AttributePicker, result: Any, key: str, shape: Any) -> tuple[str, ...]:
    """Every name that a result of this class may have the member under, in their order."""
    known = shape.__dict__.setdefault("_names_by_class", {})
    if (names := known.get(type(result))) is None:
        context = AttributePickerContext(obj=result, key=key, shape=shape)
        names = known[type(result)] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    return names


def xml(_serializer: BaseXMLSerializer, body: dict[str, Any]) -> str:
    """A body as `xmltodict.unparse` writes it."""
    return "".join(_elements(name, value) for name, value in body.items())


def _elements(name: str, value: Any) -> str:
    if type(value) is str:  # most are
        return f"<{name}>{escape(value)}</{name}>" if value else f"<{name}/>"
    if isinstance(value, list):
        return "".join([_elements(name, one) for one in value])
    if not isinstance(value, dict):
        return _elements(name, _text(value))
    attributes = inside = ""
    for of, one in value.items():
        if of[0] == "@":
            attributes += f" {of[1:]}={quoteattr(_text(one))}"
        else:
            inside += _elements(of, one) if of != "#text" else escape(_text(one))
    return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value.decode() if isinstance(value, bytes) else str(value)

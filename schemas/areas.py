"""Which areas a message names: villages and districts, by their codes. Authority over areas is judged by this.

The places of custody are free ids, and a position is what was seen; neither names an area.
"""

from collections.abc import Callable, Collection, Iterable
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from schemas.types import AreaCode, DistrictCode, PostId, ProtecteeId, Target, VillageCode, village_of

_Reader = Callable[[Any], Iterable[str]]
_NAMES_ONE = (VillageCode, PostId, DistrictCode, AreaCode, ProtecteeId)
_TARGETS = ("post", "area", "protectee")


def areas_of(data: Any) -> frozenset[str]:
    """The village or district codes that a message's data names, itself or in its parts; of a post, its village's."""
    return frozenset(_in_fields(data))


def lies_in(code: str, areas: Collection[str]) -> bool:
    """Whether a village or district is one of these areas or lies in one of them."""
    return code in areas or code[:8] in areas


def _in_fields(data: Any) -> list[str]:
    return [code for name, read in _readers(data.__class__) for code in read(getattr(data, name))] + _target(data)


def _target(data: Any) -> list[str]:
    return [village_of(data.target)] if getattr(data, "target_kind", None) in _TARGETS else []


@cache
def _readers(cls: Any) -> tuple[tuple[str, _Reader], ...]:
    hints = get_type_hints(cls, include_extras=True)
    found = ((name, _reader(hint)) for name, hint in hints.items() if hint != Target)
    return tuple((name, read) for name, read in found if read is not None)


def _reader(hint: Any) -> _Reader | None:
    """What reads the areas out of a field with this annotation; None if it can hold none."""
    if hint in _NAMES_ONE:
        return lambda code: (village_of(code),)
    if get_origin(hint) is Annotated:
        return _reader(get_args(hint)[0])
    if get_origin(hint) is UnionType:
        inner = [_reader(each) for each in get_args(hint) if each is not NoneType]
        return None if inner[0] is None else _if_there(inner[0])
    if get_origin(hint) is tuple:
        item = _reader(get_args(hint)[0])
        return None if item is None else _of_each(item)
    return _in_fields if hasattr(hint, "__dataclass_fields__") and _readers(hint) else None


def _if_there(read: _Reader) -> _Reader:
    return lambda value: () if value is None else read(value)


def _of_each(read: _Reader) -> _Reader:
    return lambda values: [code for value in values for code in read(value)]

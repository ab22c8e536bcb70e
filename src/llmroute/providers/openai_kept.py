"""What a server gives to be given back: it goes to that server, and to no other.

Many servers speak one API, and each refuses the opaque fields of another. So what is kept says
which server it is from.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError

from .bodies import endpoint_of
from .shapes import parse

if TYPE_CHECKING:
    from llmroute.types.calls import Call

    from .shapes import Json


def keep(call: Call, fields: Json) -> str:
    """Write `fields` of an answer down, for later turns with the server that gave them."""
    kept_fields = {"origin": endpoint_of(call).origin, **fields}
    return json.dumps(kept_fields, separators=(",", ":"), ensure_ascii=False)


def kept(call: Call, dialect: str | None, data: str | None) -> Json:
    """Read the fields again; none when another server, or another API, gave them."""
    if not data or dialect != call.model.dialect:
        return {}
    try:
        fields = parse(data)
    except AttemptError:  # not ours
        return {}
    return fields if fields.pop("origin", None) == endpoint_of(call).origin else {}

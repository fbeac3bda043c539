"""What a program sends in headers, addresses and forms."""

from typing import Any

from pydantic import BaseModel

_schemas: dict[tuple[Any, ...], dict[str, Any]] = {}


class Asked(BaseModel):
    """Headers, the words of an address or the fields of a form.

    flask-openapi3 reads their schema at every request; pydantic would make it anew each time.
    """

    @classmethod
    def model_json_schema(cls, *args: Any, **named: Any) -> dict[str, Any]:
        """The JSON schema, made once."""
        key = (cls, args, *named.items())
        if key not in _schemas:
            _schemas[key] = super().model_json_schema(*args, **named)
        return _schemas[key]

"""What every part of a spec has in common."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator


class SpecSection(BaseModel):
    """What every part of a spec has in common: it is frozen and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_left_out(cls, data: Any) -> Any:
        # `alerting:` with nothing after it, as when all that follows is commented out, is as if it were not there.
        if not isinstance(data, dict):
            return data
        keys = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in keys}

    def exactly_one(self, *names: str) -> str:
        """Which of some keys is given.

        Raises:
            ValueError: when it is none of them, or several.
        """
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"must have exactly one of {', '.join(names)}")
        return given[0]


def alternatives(form: Literal["oneOf", "anyOf"], *names: str) -> ConfigDict:
    """What the JSON Schema says of keys of which exactly one, or at least one, must be given."""
    return ConfigDict(json_schema_extra={form: [{"required": [name]} for name in names]})

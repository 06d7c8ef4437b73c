"""The base class of every section of a spec."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator


class SpecSection(BaseModel):
    """The base class of every section of a spec: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty_keys(cls, data: Any) -> Any:
        # `alerting:` with nothing after it, as when all that follows is commented out, equals a missing key.
        if not isinstance(data, dict):
            return data
        keys = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in keys}

    def exactly_one(self, *names: str) -> str:
        """Return the one of some keys that is given.

        Raises:
            ValueError: when none of them or several are given.
        """
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"must have exactly one of {', '.join(names)}")
        return given[0]


def alternatives(form: Literal["oneOf", "anyOf"], *names: str) -> ConfigDict:
    """The JSON Schema rule that exactly one (`oneOf`) or at least one (`anyOf`) of some keys is given."""
    return ConfigDict(json_schema_extra={form: [{"required": [name]} for name in names]})

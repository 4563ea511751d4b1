"""Agreements and contacts: small things that live inside a row, as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from services.kit.texts import check_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement, and when it was signed; in the catalogue it is not."""

    name: str
    version: str
    url: str | None = None
    sign_time: datetime | None = None

    def check(self, *, path: str) -> None:
        """Accept it as it is said; path leads to it.

        :raises InvalidArgument: naming the field that is blank or too long.
        """
        check_text(self.name, field=f"{path}.name")
        check_text(self.version, field=f"{path}.version")
        check_text(self.url, field=f"{path}.url", at_most=2000)

    def to_json(self) -> dict[str, Any]:
        signed = self.sign_time
        return asdict(self) | {"sign_time": None if signed is None else signed.isoformat()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        agreement, signed = cls(**value), value["sign_time"]
        if signed is None:
            return agreement
        return replace(agreement, sign_time=datetime.fromisoformat(signed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Someone to talk to about an application."""

    name: str
    email: str | None = None
    mobile: str | None = None

    def check(self, *, path: str) -> None:
        """Accept it as it is said; path leads to it.

        :raises InvalidArgument: naming the field that is blank or too long.
        """
        for name in ("name", "email", "mobile"):
            check_text(getattr(self, name), field=f"{path}.{name}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(**value)


class Documents(TypeDecorator[list[Any]]):
    """A column that holds a list of agreements or of contacts."""

    impl = JSONB
    cache_ok = True

    def __init__(self, kind: type[Agreement] | type[Contact]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else [document.to_json() for document in value]

    def process_result_value(self, value: Any, dialect: Dialect) -> list[Any] | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else [self.kind.from_json(one) for one in value]

"""The tables of exports, which each service has of its own, and when a file can be had."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from services.kit.database import PartnerRow
from services.kit.errors import Refusal
from services.kit.identity import Principal

KEPT: Final = timedelta(days=3)
# A worker that finds an export failing again and again gives it up.
FAILURES_MAX: Final = 8
BACK_OFF_MAX: Final = timedelta(seconds=60)

_UNFINISHED: Final = "state IN ('QUEUED', 'RUNNING')"


class ExportState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class ExportFormat(StrEnum):
    CSV = "CSV"
    XLSX = "XLSX"


class ExportRunning(Refusal):
    """The requester's last export of the kind is not finished; metadata: kind."""


class ExportNotReady(Refusal):
    """There is no file yet, or none any more; metadata: state."""


class ExportRow(PartnerRow):
    """One export, and how far it is; each service maps it as its table `exports`."""

    subject: Mapped[str]
    # Who asked, with all that decides what they see, as it was then.
    requester: Mapped[dict[str, Any]]
    kind: Mapped[str]
    format: Mapped[str]
    # The list and its filter, as the message that named them.
    listed: Mapped[bytes]
    state: Mapped[str] = mapped_column(default=ExportState.QUEUED)
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int | None]
    part_count: Mapped[int] = mapped_column(default=0)
    # The place in the list of the last row written; none before the first and behind the last.
    place: Mapped[str | None]
    byte_count: Mapped[int | None]
    sha256: Mapped[bytes | None]
    failure: Mapped[str | None]
    # How often in a row it could not be taken further.
    failure_count: Mapped[int] = mapped_column(default=0)
    create_time: Mapped[datetime]
    finish_time: Mapped[datetime | None]
    expire_time: Mapped[datetime | None]
    # Until when it is one worker's own; whose time it is longest, is next.
    lease_time: Mapped[datetime] = mapped_column(server_default=func.now())
    worker_id: Mapped[UUID | None]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - a directive gets the class
        return (
            CheckConstraint("format IN ('CSV', 'XLSX')", name="format"),
            CheckConstraint(
                "state IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'EXPIRED')", name="state"
            ),
            CheckConstraint("(state = 'FAILED') = (failure IS NOT NULL)", name="failure"),
            CheckConstraint(
                "state NOT IN ('COMPLETED', 'EXPIRED') OR sha256 IS NOT NULL", name="sha256"
            ),
            # One at a time of each kind.
            Index(
                "exports_unfinished_key",
                "tenant_id",
                "subject",
                "kind",
                unique=True,
                postgresql_where=text(_UNFINISHED),
            ),
            Index("exports_subject_idx", "tenant_id", "subject", "create_time", "id"),
            # What the jobs look for, over all tenants.
            Index("exports_due_idx", "lease_time", postgresql_where=text(_UNFINISHED)),
            Index(
                "exports_expire_time_idx",
                "expire_time",
                postgresql_where=text("state IN ('COMPLETED', 'FAILED')"),
            ),
        )

    @property
    def is_read(self) -> bool:
        """Tell whether all rows of the list are in its parts."""
        return self.part_count > 0 and self.place is None

    @property
    def folder(self) -> str:
        """Name where its files are in the storage."""
        return f"{self.tenant_id}/{self.id}"

    @property
    def file_name(self) -> str:
        return file_name(self.kind, self.format, self.create_time)

    def part(self, number: int) -> str:
        """Name one of its parts in the storage."""
        return f"{self.folder}/part-{number:05d}.csv"

    @property
    def workbook(self) -> str:
        """Name its workbook in the storage."""
        return f"{self.folder}/file.xlsx"

    def refuse_without_file(self) -> None:
        if self.state != ExportState.COMPLETED:
            raise ExportNotReady(f"the export is {self.state}", state=self.state)


class ExportPartRow:
    """A piece of an export that is in the storage; the table `export_parts`."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    export_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    row_count: Mapped[int]
    byte_count: Mapped[int]
    sha256: Mapped[bytes]
    # Where the next part begins; none where there is none.
    place: Mapped[str | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - a directive gets the class
        return (_of_export("export_parts"),)


class ExportDownloadRow(PartnerRow):
    """Who was sent which file, and when; the table `export_downloads`."""

    export_id: Mapped[UUID]
    subject: Mapped[str]
    download_time: Mapped[datetime]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - a directive gets the class
        return (
            _of_export("export_downloads"),
            Index("export_downloads_export_id_idx", "tenant_id", "export_id"),
        )


@dataclass(frozen=True)
class ExportTables:
    """What a service maps the rows above as."""

    export: Any
    part: Any
    download: Any


def requester_of(principal: Principal) -> dict[str, Any]:
    """Write down who asks; equal where they would see the same."""
    claims = principal.to_claims()
    if "account_manager_ids" in claims:
        claims["account_manager_ids"].sort()
    return claims


def principal_of(requester: dict[str, Any], *, service: str) -> Principal:
    """Give who asked, as whom a service goes on."""
    return Principal.from_claims(requester | {"act": service})


def file_name(kind: str, format_: str, create_time: datetime) -> str:
    """Name the file that people get; nothing in it is theirs to say."""
    words = kind.lower().replace("_", "-")
    return f"{words}-{create_time:%Y%m%dT%H%M%SZ}.{format_.lower()}"


def _of_export(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "export_id"],
        ["exports.tenant_id", "exports.id"],
        name=f"{table}_export_id_fkey",
    )

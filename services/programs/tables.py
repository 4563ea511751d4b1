"""The tables of programs: their common base, and the replies that make repetitions harmless."""

from sqlalchemy.orm import DeclarativeBase

from services.kit.database import column_types, service_metadata
from services.kit.replies import ReplyRow


class ProgramsTable(DeclarativeBase):
    """Base of every mapped class of programs; no other service's tables are known here."""

    metadata = service_metadata()
    type_annotation_map = column_types()


class Reply(ReplyRow, ProgramsTable):
    __tablename__ = "replies"

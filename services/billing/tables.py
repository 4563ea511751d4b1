"""The tables of billing: their common base, replies, the operation log and its seals."""

from sqlalchemy.orm import DeclarativeBase

from services.kit.database import column_types, service_metadata
from services.kit.operation_log import OperationRow
from services.kit.replies import ReplyRow
from services.kit.seals import SealBlockRow, SealRow


class BillingTable(DeclarativeBase):
    """Base of every mapped class of billing; no other service's tables are known here."""

    metadata = service_metadata()
    type_annotation_map = column_types()


class Reply(ReplyRow, BillingTable):
    __tablename__ = "replies"


class Operation(OperationRow, BillingTable):
    __tablename__ = "operation_log"


class Seal(SealRow, BillingTable):
    __tablename__ = "seals"


class SealBlock(SealBlockRow, BillingTable):
    __tablename__ = "seal_blocks"

"""Programs, applications and memberships, and the refusals about them."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from services.kit.database import PartnerRow, TenantRow
from services.kit.errors import InvalidArgument, Refusal
from services.kit.texts import check_text
from services.programs.programs.documents import Agreement, Contact, Documents
from services.programs.tables import ProgramsTable

LIST_LENGTH_MAX: Final = 50
SENTENCE_LENGTH_MAX: Final = 4000

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class ApplicationState(StrEnum):
    DRAFT = "DRAFT"
    UNDER_REVIEW = "UNDER_REVIEW"
    DISTRIBUTOR_REVIEW = "DISTRIBUTOR_REVIEW"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"

    @property
    def is_open(self) -> bool:
        return not self.is_decided and self is not ApplicationState.WITHDRAWN

    @property
    def is_decided(self) -> bool:
        return self in {ApplicationState.APPROVED, ApplicationState.REJECTED}


class MembershipState(StrEnum):
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    EXITED = "EXITED"


class AlreadyApplied(Refusal):
    """An application of the same kind for the program is open."""


class AlreadyMember(Refusal):
    """The partner is an active member of the program."""


class ProgramCodeTaken(Refusal):
    """Another program of the tenant has the code."""


class Program(TenantRow, ProgramsTable):
    """What the partners of a tenant may join."""

    __tablename__ = "programs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("programs_create_time_idx", "tenant_id", "create_time", "id"),
        Index("programs_name_idx", "tenant_id", "name", "id"),
        CheckConstraint("code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'", name="code"),
        CheckConstraint(
            "program_type IN ('PARTNER_CO_EXPANSION', 'COMPETENCY', 'SOLUTION_PROVIDER',"
            " 'DISTRIBUTION_DISTRIBUTOR', 'DISTRIBUTION_RESELLER', 'MARKETPLACE_SELLER',"
            " 'MARKETPLACE_CUSTOMER_SERVICE')",
            name="program_type",
        ),
        CheckConstraint(
            "(agreement_name IS NULL) = (agreement_version IS NULL)"
            " AND (agreement_name IS NOT NULL OR agreement_url IS NULL)",
            name="agreement",
        ),
        CheckConstraint("state IN ('OPEN', 'CLOSED')", name="state"),
    )

    code: Mapped[str]
    program_type: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    # Lowest first.
    tiers: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    requirements: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    agreement_name: Mapped[str | None]
    agreement_version: Mapped[str | None]
    agreement_url: Mapped[str | None]
    requires_review: Mapped[bool]
    invite_only: Mapped[bool]
    state: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def agreement(self) -> Agreement | None:
        name, version = self.agreement_name, self.agreement_version
        if name is None or version is None:
            return None
        return Agreement(name=name, version=version, url=self.agreement_url)

    def check(self) -> Self:
        """Accept the program as it is said.

        :raises InvalidArgument: naming the field that is wrong.
        """
        if _CODE.fullmatch(self.code) is None:
            raise InvalidArgument(
                "must be 1 to 32 letters, digits, hyphens and underscores",
                field="program.code",
            )
        check_text(self.name, field="program.name")
        if len(self.description) > SENTENCE_LENGTH_MAX:
            raise InvalidArgument("is too long", field="program.description")
        _check_texts(self.tiers, field="program.tiers")
        _check_texts(self.requirements, field="program.requirements", at_most=SENTENCE_LENGTH_MAX)
        if self.agreement is not None:
            self.agreement.check(path="program.agreement")
        return self

    def check_tier(self, tier: str | None, *, field: str) -> None:
        """Accept a tier of this program, or none.

        :raises InvalidArgument: where the program has no such tier.
        """
        if tier is not None and tier not in self.tiers:
            raise InvalidArgument("must be a tier of the program", field=field)


class ProgramApplication(PartnerRow, ProgramsTable):
    """A partner's wish to join, to rise or to renew."""

    __tablename__ = "program_applications"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "program_id"], ["programs.tenant_id", "programs.id"]),
        # No second open application of the same kind (domain.md 8.1, rule 7).
        Index(
            "program_applications_open_key",
            "tenant_id",
            "partner_id",
            "program_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('DRAFT', 'UNDER_REVIEW', 'DISTRIBUTOR_REVIEW')"),
        ),
        Index("program_applications_idx", "tenant_id", "partner_id", "submit_time", "id"),
        # The platform's people look at all partners.
        Index("program_applications_all_submit_time_idx", "tenant_id", "submit_time", "id"),
        Index("program_applications_program_id_idx", "tenant_id", "program_id"),
        CheckConstraint("kind IN ('JOIN', 'TIER_UPGRADE', 'RENEWAL')", name="kind"),
        CheckConstraint(
            "state IN ('DRAFT', 'UNDER_REVIEW', 'DISTRIBUTOR_REVIEW', 'APPROVED', 'REJECTED',"
            " 'WITHDRAWN')",
            name="state",
        ),
        CheckConstraint(
            "CASE state WHEN 'DRAFT' THEN submit_time IS NULL WHEN 'WITHDRAWN' THEN true"
            " ELSE submit_time IS NOT NULL END",
            name="submit_time",
        ),
        CheckConstraint(
            "(decide_time IS NOT NULL) = (state IN ('APPROVED', 'REJECTED'))"
            " AND decide_time >= submit_time",
            name="decide_time",
        ),
        CheckConstraint("reject_reason IS NULL OR state = 'REJECTED'", name="reject_reason"),
    )

    program_id: Mapped[UUID]
    kind: Mapped[str]
    applied_tier: Mapped[str | None]
    state: Mapped[str]
    contacts: Mapped[list[Contact]] = mapped_column(Documents(Contact))
    agreements: Mapped[list[Agreement]] = mapped_column(Documents(Agreement))
    submit_time: Mapped[datetime | None]
    decide_time: Mapped[datetime | None]
    reject_reason: Mapped[str | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    program: Mapped[Program] = relationship(lazy="raise")

    @property
    def program_name(self) -> str:
        return self.program.name

    def check(self, *, program: Program) -> Self:
        """Accept the application for the program as it is said.

        :raises InvalidArgument: naming the field that does not fit the others.
        """
        program.check_tier(self.applied_tier, field="application.applied_tier")
        _check_documents(self.contacts, field="application.contacts")
        _check_documents(self.agreements, field="application.agreements")
        state = ApplicationState(self.state)
        is_draft = state is ApplicationState.DRAFT
        if state is not ApplicationState.WITHDRAWN and is_draft != (self.submit_time is None):
            raise InvalidArgument(
                "must be given unless it is a DRAFT", field="application.submit_time"
            )
        self._check_decision(state)
        return self

    def _check_decision(self, state: ApplicationState) -> None:
        if state.is_decided != (self.decide_time is not None):
            raise InvalidArgument(
                "must be given for APPROVED and REJECTED only", field="application.decide_time"
            )
        if self.decide_time is not None and self.submit_time is not None:
            _check_order(self.submit_time, self.decide_time, field="application.decide_time")
        if self.reject_reason is not None and state is not ApplicationState.REJECTED:
            raise InvalidArgument("is for REJECTED only", field="application.reject_reason")
        check_text(
            self.reject_reason, field="application.reject_reason", at_most=SENTENCE_LENGTH_MAX
        )


class ProgramMembership(PartnerRow, ProgramsTable):
    """A partner's belonging to a program."""

    __tablename__ = "program_memberships"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "program_id"], ["programs.tenant_id", "programs.id"]),
        Index(
            "program_memberships_active_key",
            "tenant_id",
            "partner_id",
            "program_id",
            unique=True,
            postgresql_where=text("state = 'ACTIVE'"),
        ),
        Index("program_memberships_join_time_idx", "tenant_id", "partner_id", "join_time", "id"),
        Index(
            "program_memberships_expire_time_idx", "tenant_id", "partner_id", "expire_time", "id"
        ),
        Index("program_memberships_all_join_time_idx", "tenant_id", "join_time", "id"),
        Index("program_memberships_all_expire_time_idx", "tenant_id", "expire_time", "id"),
        Index("program_memberships_program_id_idx", "tenant_id", "program_id"),
        # What the job looks for, over all tenants.
        Index(
            "program_memberships_due_idx",
            "expire_time",
            postgresql_where=text("state = 'ACTIVE'"),
        ),
        CheckConstraint("state IN ('ACTIVE', 'EXPIRED', 'EXITED')", name="state"),
        CheckConstraint("expire_time > join_time", name="expire_time"),
    )

    program_id: Mapped[UUID]
    tier: Mapped[str | None]
    join_time: Mapped[datetime]
    expire_time: Mapped[datetime | None]
    state: Mapped[str]
    certificate_number: Mapped[str | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    program: Mapped[Program] = relationship(lazy="raise")

    @property
    def program_name(self) -> str:
        return self.program.name

    def check(self, *, program: Program) -> Self:
        """Accept the membership in the program as it is said.

        :raises InvalidArgument: naming the field that does not fit the others.
        """
        program.check_tier(self.tier, field="membership.tier")
        check_text(self.certificate_number, field="membership.certificate_number")
        if self.expire_time is not None and self.expire_time <= self.join_time:
            raise InvalidArgument("must be after join_time", field="membership.expire_time")
        return self


def _check_documents(documents: Sequence[Contact | Agreement], *, field: str) -> None:
    _check_length(documents, field=field)
    for index, document in enumerate(documents):
        document.check(path=f"{field}[{index}]")


def _check_order(earlier: datetime, later: datetime, *, field: str) -> None:
    if later < earlier:
        raise InvalidArgument("must not be before submit_time", field=field)


def _check_texts(texts: Sequence[str], *, field: str, at_most: int = 128) -> None:
    _check_length(texts, field=field)
    for index, one in enumerate(texts):
        check_text(one, field=f"{field}[{index}]", at_most=at_most)
    if len(set(texts)) < len(texts):
        raise InvalidArgument("must not name one twice", field=field)


def _check_length(values: Sequence[object], *, field: str) -> None:
    if len(values) > LIST_LENGTH_MAX:
        raise InvalidArgument(f"must have at most {LIST_LENGTH_MAX} elements", field=field)

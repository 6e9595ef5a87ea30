"""The directory's tables, named after Open Referral's HSDS 3.0.

A service's own code (`LIN-1884`) is its primary key; HSDS wants UUIDs, and an export derives them
from the code, so nothing has to be kept twice. What HSDS has no field for (topics, audience, fear
filters, confidence, …) is an `Attribute`: a taxonomy and a value. `superseded_by` keeps history:
an old id goes on answering, with the newer row.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Taxonomies of `Attribute`; those of the second line hold at most one value a service.
TAXONOMIES = ("topic", "audience")
SINGLE_TAXONOMIES = ("kind", "priority", "confidence", "anonymous")
FEAR_TAXONOMIES = (
    "asks_id",
    "works_with_police",
    "takes_without_papers",
    "friendly_sex_workers",
    "friendly_trans",
    "has_interpreter",
    "women_at_desk",
)


class Base(DeclarativeBase):
    """Root of the directory's tables; `Base.metadata` is what migrations read."""

    metadata = MetaData(naming_convention=NAMES)


class Organization(Base):
    """Who runs services (HSDS organization)."""

    __tablename__ = "organization"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)


class Service(Base):
    """One thing a person can turn to (HSDS service), with where the fact comes from.

    `source_at` is the earliest day the source allows, `confirmed_at` the last day somebody
    confirmed it; empty at load. `edited_at` set means that people changed it: a later seed never
    overwrites it; `seeded_at` is when the seed last wrote it. `note` holds editors' remarks and is
    never shown to a contact.
    """

    __tablename__ = "service"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(String(500))
    email: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(20), default="active")
    alert: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(255))
    source_url: Mapped[str | None] = mapped_column(Text)
    source_at: Mapped[date | None] = mapped_column(Date)
    confirmed_at: Mapped[date | None] = mapped_column(Date)
    edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    superseded_by: Mapped[str | None] = mapped_column(ForeignKey("service.id"), index=True)
    seed_digest: Mapped[str | None] = mapped_column(String(64))
    seeded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Location(Base):
    """A place a service is found at (HSDS location); `ubigeo` is the six-digit INEI code.

    The code is of a district, or ends in zeros when only province or department is known.
    """

    __tablename__ = "location"
    id: Mapped[int] = mapped_column(primary_key=True)
    location_type: Mapped[str] = mapped_column(String(10), default="physical")
    ubigeo: Mapped[str] = mapped_column(String(6), index=True)
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)


class ServiceAtLocation(Base):
    """Which service is at which location (HSDS service_at_location)."""

    __tablename__ = "service_at_location"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), index=True)


class Address(Base):
    """A street address (HSDS address). A shelter never has one."""

    __tablename__ = "address"
    id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"), index=True)
    address_1: Mapped[str] = mapped_column(String(500))
    city: Mapped[str] = mapped_column(String(120))
    region: Mapped[str | None] = mapped_column(String(120))
    state_province: Mapped[str] = mapped_column(String(120))
    postal_code: Mapped[str] = mapped_column(String(10), default="")
    country: Mapped[str] = mapped_column(String(2), default="PE")
    address_type: Mapped[str] = mapped_column(String(10), default="physical")


class Phone(Base):
    """A number to dial (`type` voice) or to write to (`type` whatsapp), in the order to try them.

    `description` holds a menu option ("opción 5"), `extension` an inner number.
    """

    __tablename__ = "phone"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    number: Mapped[str] = mapped_column(String(40))
    extension: Mapped[str | None] = mapped_column(String(10))
    type: Mapped[str] = mapped_column(String(10), default="voice")
    description: Mapped[str | None] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(Integer, default=0)


class Schedule(Base):
    """When a service answers, in OpenStreetMap's `opening_hours` notation.

    HSDS spells the same with RRULE fields; an export derives `byday`, `opens_at`, `closes_at`.
    `valid_from` and `valid_to` bound an exception such as "closed until".
    """

    __tablename__ = "schedule"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    opening_hours: Mapped[str] = mapped_column(String(255))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    description: Mapped[str | None] = mapped_column(Text)


class ServiceArea(Base):
    """Whom a service covers (HSDS service_area): `extent` is a ubigeo prefix, empty for Peru."""

    __tablename__ = "service_area"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    extent: Mapped[str] = mapped_column(String(6))


class Language(Base):
    """A language the service answers in; `code` as BCP 47 (`prl` is Peruvian sign language)."""

    __tablename__ = "language"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    code: Mapped[str] = mapped_column(String(10))


class RequiredDocument(Base):
    """A paper the service asks for; none known in the seed."""

    __tablename__ = "required_document"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    document: Mapped[str] = mapped_column(String(255))


class CostOption(Base):
    """What it costs: `option` is `free` or `paid`; no row means that nobody knows."""

    __tablename__ = "cost_option"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    option: Mapped[str] = mapped_column(String(40))
    currency: Mapped[str] = mapped_column(String(3), default="PEN")
    amount: Mapped[float | None] = mapped_column(Float)


class Attribute(Base):
    """A fact of ours about a service (HSDS attribute); see the taxonomies above.

    `evidence` says why a fear filter holds, in a few words.
    """

    __tablename__ = "attribute"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    taxonomy: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(120))
    evidence: Mapped[str | None] = mapped_column(Text)


class Proposal(Base):
    """Fields of one service that somebody wants changed; published, it is a revision of them.

    `state`: proposed, published, refused. `by_id` and `decided_by_id` are numbers of the staff,
    whom this package does not know; who came by a confirmation link has none. `batch` joins what
    one import proposed. `is_new` says that the service did not exist before.
    """

    __tablename__ = "proposal"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(String(80), index=True)
    is_new: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), index=True)
    source: Mapped[str] = mapped_column(String(10))
    batch: Mapped[int | None] = mapped_column(Integer, index=True)
    why: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(BigInteger)
    by_name: Mapped[str] = mapped_column(String(80))
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger)
    decided_by_name: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_why: Mapped[str | None] = mapped_column(Text)


class Change(Base):
    """One field of a proposal, before and after; `field` is a column of the spreadsheet."""

    __tablename__ = "proposal_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id"), index=True)
    field: Mapped[str] = mapped_column(String(40))
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)


class ServiceReport(Base):
    """How often people said on a day that a service answered, was closed, …; nobody's."""

    __tablename__ = "service_report"
    service_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    times: Mapped[int] = mapped_column(Integer)


class ServiceShown(Base):
    """How often a service was shown in a month, named by its first day; to nobody in particular."""

    __tablename__ = "service_shown"
    service_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    times: Mapped[int] = mapped_column(Integer)


class Edition(Base):
    """One row: which seed was loaded last, and a number that grows with every published change."""

    __tablename__ = "directory_edition"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seed_digest: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(Integer)

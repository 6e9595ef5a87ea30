"""Tables of the directory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_edition",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed_digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_directory_edition"),
    )
    op.create_table(
        "location",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_type", sa.String(length=10), nullable=False),
        sa.Column("ubigeo", sa.String(length=6), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_location"),
    )
    op.create_index("ix_location_ubigeo", "location", ["ubigeo"], unique=False)
    op.create_table(
        "organization",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organization"),
        sa.UniqueConstraint("name", name="uq_organization_name"),
    )
    op.create_table(
        "address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("address_1", sa.String(length=500), nullable=False),
        sa.Column("city", sa.String(length=120), nullable=False),
        sa.Column("region", sa.String(length=120), nullable=True),
        sa.Column("state_province", sa.String(length=120), nullable=False),
        sa.Column("postal_code", sa.String(length=10), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("address_type", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name="fk_address_location_id_location"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_address"),
    )
    op.create_index("ix_address_location_id", "address", ["location_id"], unique=False)
    op.create_table(
        "service",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("email", sa.String(length=500), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("alert", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("source_at", sa.Date(), nullable=True),
        sa.Column("confirmed_at", sa.Date(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.String(length=80), nullable=True),
        sa.Column("seed_digest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_service_organization_id_organization"
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"], ["service.id"], name="fk_service_superseded_by_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_service"),
    )
    op.create_index("ix_service_organization_id", "service", ["organization_id"], unique=False)
    op.create_index("ix_service_superseded_by", "service", ["superseded_by"], unique=False)
    op.create_table(
        "attribute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("taxonomy", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_attribute_service_id_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attribute"),
    )
    op.create_index("ix_attribute_service_id", "attribute", ["service_id"], unique=False)
    op.create_table(
        "cost_option",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("option", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_cost_option_service_id_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cost_option"),
    )
    op.create_index("ix_cost_option_service_id", "cost_option", ["service_id"], unique=False)
    op.create_table(
        "language",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_language_service_id_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_language"),
    )
    op.create_index("ix_language_service_id", "language", ["service_id"], unique=False)
    op.create_table(
        "phone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("extension", sa.String(length=10), nullable=True),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("description", sa.String(length=80), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name="fk_phone_service_id_service"),
        sa.PrimaryKeyConstraint("id", name="pk_phone"),
    )
    op.create_index("ix_phone_service_id", "phone", ["service_id"], unique=False)
    op.create_table(
        "required_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("document", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_required_document_service_id_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_required_document"),
    )
    op.create_index(
        "ix_required_document_service_id", "required_document", ["service_id"], unique=False
    )
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("opening_hours", sa.String(length=255), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_schedule_service_id_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_schedule"),
    )
    op.create_index("ix_schedule_service_id", "schedule", ["service_id"], unique=False)
    op.create_table(
        "service_area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("extent", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_service_area_service_id_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_service_area"),
    )
    op.create_index("ix_service_area_service_id", "service_area", ["service_id"], unique=False)
    op.create_table(
        "service_at_location",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name="fk_service_at_location_location_id_location"
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name="fk_service_at_location_service_id_service"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_service_at_location"),
    )
    op.create_index(
        "ix_service_at_location_location_id", "service_at_location", ["location_id"], unique=False
    )
    op.create_index(
        "ix_service_at_location_service_id", "service_at_location", ["service_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_service_at_location_service_id", table_name="service_at_location")
    op.drop_index("ix_service_at_location_location_id", table_name="service_at_location")
    op.drop_table("service_at_location")
    op.drop_index("ix_service_area_service_id", table_name="service_area")
    op.drop_table("service_area")
    op.drop_index("ix_schedule_service_id", table_name="schedule")
    op.drop_table("schedule")
    op.drop_index("ix_required_document_service_id", table_name="required_document")
    op.drop_table("required_document")
    op.drop_index("ix_phone_service_id", table_name="phone")
    op.drop_table("phone")
    op.drop_index("ix_language_service_id", table_name="language")
    op.drop_table("language")
    op.drop_index("ix_cost_option_service_id", table_name="cost_option")
    op.drop_table("cost_option")
    op.drop_index("ix_attribute_service_id", table_name="attribute")
    op.drop_table("attribute")
    op.drop_index("ix_service_superseded_by", table_name="service")
    op.drop_index("ix_service_organization_id", table_name="service")
    op.drop_table("service")
    op.drop_index("ix_address_location_id", table_name="address")
    op.drop_table("address")
    op.drop_table("organization")
    op.drop_index("ix_location_ubigeo", table_name="location")
    op.drop_table("location")
    op.drop_table("directory_edition")

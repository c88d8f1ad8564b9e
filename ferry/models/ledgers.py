"""What the database itself refuses of the audit trail and of the ledger of pay; migrations lay it.

On SQLite a table that is made anew loses its triggers: a migration that has it made anew lays them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# --- The audit trail -------------------------------------------------------------------------------

KEPT_TRAIL = "the audit trail is only added to"
AUDIT_ON_POSTGRESQL = f"""
CREATE FUNCTION ferry_audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{KEPT_TRAIL}' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER ferry_audit_is_kept BEFORE UPDATE OR DELETE ON ferry_auditentry
FOR EACH ROW EXECUTE FUNCTION ferry_audit_is_kept();
"""
AUDIT_ON_SQLITE = [
    f"""CREATE TRIGGER ferry_audit_is_not_{done} BEFORE {verb} ON ferry_auditentry
    BEGIN SELECT RAISE(ABORT, '{KEPT_TRAIL}'); END"""
    for verb, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
]


def lay_audit(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in [AUDIT_ON_POSTGRESQL] if editor.connection.vendor == "postgresql" else AUDIT_ON_SQLITE:
        editor.execute(statement)


def lift_audit(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP FUNCTION ferry_audit_is_kept CASCADE")
    else:
        for done in ("changed", "deleted"):
            editor.execute(f"DROP TRIGGER ferry_audit_is_not_{done}")


# --- The ledger of pay -----------------------------------------------------------------------------

ADDED_TO = "the ledger of pay is only added to"
CLOSED = "this pay statement takes no such entry"
FROZEN = "an approved pay statement stays as it is"
WRONG_TOTAL = "the total of a pay statement is the sum of its entries"
KEPT_RATE = "a pay rate is only ended"

#: A reversal takes back what was entered.
REVERSED = (
    "NEW.reverses_id IS NULL OR NEW.amount_fen = "
    "-(SELECT amount_fen FROM ferry_payentry WHERE id = NEW.reverses_id)"
)
#: The statement of an entry that is added; PostgreSQL locks it too, so that it cannot be approved meanwhile.
TAKES_IT = "SELECT 1 FROM ferry_paystatement WHERE id = NEW.statement_id AND state = 'draft'"
SUM = "SELECT COALESCE(SUM(amount_fen), 0) FROM ferry_payentry WHERE statement_id = NEW.id"
OTHER_ACCOUNT = (
    "NEW.id <> OLD.id OR NEW.company_id <> OLD.company_id OR NEW.driver_id <> OLD.driver_id "
    "OR NEW.month <> OLD.month OR NEW.currency <> OLD.currency"
)
STEP = (
    "(OLD.state = 'draft' AND NEW.state IN ('draft', 'approved')) "
    "OR (OLD.state = 'approved' AND NEW.state = 'paid')"
)
OTHER_TOTAL = (
    "OLD.state <> 'draft' AND (NEW.total_fen <> OLD.total_fen OR NEW.approved_at <> OLD.approved_at "
    "OR NEW.approved_by <> OLD.approved_by)"
)
OTHER_RATE = (
    "OLD.ends_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.company_id <> OLD.company_id "
    "OR NEW.amount_fen <> OLD.amount_fen OR NEW.currency <> OLD.currency OR NEW.valid_from <> OLD.valid_from "
    "OR NEW.vehicle_class <> OLD.vehicle_class OR COALESCE(NEW.route_id, 0) <> COALESCE(OLD.route_id, 0) "
    "OR COALESCE(NEW.driver_id, 0) <> COALESCE(OLD.driver_id, 0)"
)

PAY_ON_POSTGRESQL = f"""
CREATE FUNCTION ferry_pay_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$;
CREATE FUNCTION ferry_pay_entry_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
PERFORM 1 FROM ferry_paystatement WHERE id = NEW.statement_id AND state = 'draft' FOR SHARE;
IF NOT FOUND OR NOT ({REVERSED}) THEN RAISE EXCEPTION '{CLOSED}' USING ERRCODE = 'restrict_violation'; END IF;
RETURN NEW;
END $$;
CREATE FUNCTION ferry_pay_total_is_right() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF NEW.total_fen IS DISTINCT FROM ({SUM}) THEN
RAISE EXCEPTION '{WRONG_TOTAL}' USING ERRCODE = 'restrict_violation'; END IF;
RETURN NEW;
END $$;
CREATE TRIGGER ferry_payentry_is_not_changed BEFORE UPDATE ON ferry_payentry
FOR EACH ROW EXECUTE FUNCTION ferry_pay_refuses('{ADDED_TO}');
CREATE TRIGGER ferry_payentry_is_not_deleted BEFORE DELETE ON ferry_payentry
FOR EACH ROW EXECUTE FUNCTION ferry_pay_refuses('{ADDED_TO}');
CREATE TRIGGER ferry_payentry_fits BEFORE INSERT ON ferry_payentry
FOR EACH ROW EXECUTE FUNCTION ferry_pay_entry_fits();
CREATE TRIGGER ferry_paystatement_is_not_changed BEFORE UPDATE ON ferry_paystatement
FOR EACH ROW WHEN ({OTHER_ACCOUNT} OR NOT ({STEP}) OR ({OTHER_TOTAL}))
EXECUTE FUNCTION ferry_pay_refuses('{FROZEN}');
CREATE TRIGGER ferry_paystatement_total BEFORE UPDATE ON ferry_paystatement
FOR EACH ROW WHEN (NEW.state <> 'draft') EXECUTE FUNCTION ferry_pay_total_is_right();
CREATE TRIGGER ferry_paystatement_is_not_deleted BEFORE DELETE ON ferry_paystatement
FOR EACH ROW EXECUTE FUNCTION ferry_pay_refuses('{FROZEN}');
CREATE TRIGGER ferry_payrate_is_not_changed BEFORE UPDATE ON ferry_payrate
FOR EACH ROW WHEN ({OTHER_RATE}) EXECUTE FUNCTION ferry_pay_refuses('{KEPT_RATE}');
CREATE TRIGGER ferry_payrate_is_not_deleted BEFORE DELETE ON ferry_payrate
FOR EACH ROW EXECUTE FUNCTION ferry_pay_refuses('{KEPT_RATE}');
"""


def trigger(name: str, when: str, condition: str, said: str) -> str:
    return f"""CREATE TRIGGER {name} BEFORE {when} WHEN {condition}
    BEGIN SELECT RAISE(ABORT, '{said}'); END"""


PAY_ON_SQLITE = [
    trigger("ferry_payentry_is_not_changed", "UPDATE ON ferry_payentry", "1", ADDED_TO),
    trigger("ferry_payentry_is_not_deleted", "DELETE ON ferry_payentry", "1", ADDED_TO),
    trigger(
        "ferry_payentry_fits",
        "INSERT ON ferry_payentry",
        f"NOT EXISTS ({TAKES_IT}) OR NOT ({REVERSED})",
        CLOSED,
    ),
    trigger(
        "ferry_paystatement_is_not_changed",
        "UPDATE ON ferry_paystatement",
        f"{OTHER_ACCOUNT} OR NOT ({STEP}) OR ({OTHER_TOTAL})",
        FROZEN,
    ),
    trigger(
        "ferry_paystatement_total",
        "UPDATE ON ferry_paystatement",
        f"NEW.state <> 'draft' AND NEW.total_fen IS NOT ({SUM})",
        WRONG_TOTAL,
    ),
    trigger("ferry_paystatement_is_not_deleted", "DELETE ON ferry_paystatement", "1", FROZEN),
    trigger("ferry_payrate_is_not_changed", "UPDATE ON ferry_payrate", OTHER_RATE, KEPT_RATE),
    trigger("ferry_payrate_is_not_deleted", "DELETE ON ferry_payrate", "1", KEPT_RATE),
]


def lay_pay(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in [PAY_ON_POSTGRESQL] if editor.connection.vendor == "postgresql" else PAY_ON_SQLITE:
        editor.execute(statement, params=None)


def lift_pay(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for name in ("refuses", "entry_fits", "total_is_right"):
            editor.execute(f"DROP FUNCTION ferry_pay_{name} CASCADE")
    else:
        for statement in PAY_ON_SQLITE:
            editor.execute(f"DROP TRIGGER {statement.split()[2]}")

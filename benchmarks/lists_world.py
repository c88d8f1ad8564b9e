"""A company with as long lists as asked for, laid by SQL in a minute or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from benchmarks.world import a_company, analyze
from clearance.models.guards import GUARDS as OF_THE_BORDER
from ferry.models.guards import GUARDS, lay_guards, lift_guards

if TYPE_CHECKING:
    from ferry.models import Company

#: A vehicle was planned this often before it went; it drives with so many others' drivers and declarations.
TRIPS_EACH, VEHICLES_EACH_DRIVER, VEHICLES_EACH_DECLARATION, STAYS_EACH, LICENCES = 5, 10, 5, 10, 1000

STATEMENTS = (
    """INSERT INTO ferry_person (id, created_at) SELECT n, now() FROM generate_series(1, %(drivers)s) n""",
    """INSERT INTO ferry_driver (id, company_id, person_id, name, name_latin, passport_number,
        passport_expires_on, nationality, licence_class, licence_expires_on, phone, language, link_version,
        link_made_at, created_at, is_active)
    SELECT n, %(company)s, n,
        (ARRAY['马军', '李娜', '王伟', 'Aman Bek', 'Guljan', 'Ma Jun', '阿依古丽', 'Иван'])[1 + n %% 8]
            || CASE WHEN n %% 3 = 0 THEN '' ELSE ' ' || n END,
        (ARRAY['MA JUN', 'LI NA', 'WANG WEI', 'BEK AMAN', 'GULJAN', 'MA JUN', '', 'IVAN'])[1 + n %% 8],
        'E' || lpad(n::text, 8, '0'), DATE '2026-01-01' + (n * 7919 %% 3000)::int, 'CN',
        (ARRAY['C1', 'B2', 'A1', 'C1'])[1 + n %% 4], DATE '2026-06-01' + (n * 104729 %% 2500)::int,
        '+86 139 ' || lpad(n::text, 8, '0'), 'zh-hans', 1, now(), now(), n %% 50 <> 0
    FROM generate_series(1, %(drivers)s) n""",
    """INSERT INTO ferry_stay (person_id, entered_on, left_on)
    SELECT n, current_date - (days * 17 + n %% 9)::int,
        current_date - (days * 17 + n %% 9)::int + CASE WHEN n %% 50 = 0 THEN 8 ELSE n::int %% 6 END
    FROM generate_series(1, %(drivers)s) n, generate_series(1, %(stays)s) days""",
    """INSERT INTO ferry_vehicle (id, company_id, vin, make, model, powertrain, colour, hs_code, plate,
        after_sales_confirmed, created_at)
    SELECT n, %(company)s, 'L' || upper(substr(md5(n::text), 1, 8)) || lpad(n::text, 8, '0'),
        (ARRAY['BYD', 'Chery', '比亚迪', 'Geely', 'LiXiang', 'LiuGong', 'Sinotruk', 'NIO'])[1 + n %% 8],
        (ARRAY['Song Plus', 'Tiggo 8', '宋', 'Monjaro', 'L9', '856H', 'HOWO', 'ET5'])[1 + n %% 8],
        (ARRAY['bev', 'petrol', 'phev', 'diesel', 'hev', 'plant', 'diesel', 'bev'])[1 + n %% 8],
        'white', '8703801090',
        CASE WHEN n %% 4 = 0 THEN '新A·' || lpad((n %% 99999)::text, 5, '0') ELSE '' END,
        true, now() - (%(vehicles)s - n) * interval '2 minutes'
    FROM generate_series(1, %(vehicles)s) n""",
    """INSERT INTO ferry_declaration (id, company_id, number, supervision_mode, status, status_at,
        status_claimed, quantity, closed_at, refund_ready_at, created_at)
    SELECT n, %(company)s, '940720260' || lpad(n::text, 9, '0'), (ARRAY['0110', '1039', '4019'])[1 + n %% 3],
        CASE WHEN n > %(declarations)s * 0.98 THEN 'accepted' WHEN n > %(declarations)s * 0.95 THEN 'released'
            WHEN n %% 97 = 0 THEN 'amended' WHEN n %% 997 = 0 THEN 'deleted' ELSE 'closed' END,
        now() - (%(declarations)s - n) * interval '10 minutes', false, %(each)s, NULL,
        CASE WHEN n < %(declarations)s * 0.9 THEN now() END, now()
    FROM generate_series(1, %(declarations)s) n""",
    """INSERT INTO ferry_declaredvehicle (declaration_id, vin, exited_at)
    SELECT (n - 1) / %(each)s + 1, vin, CASE WHEN n < %(vehicles)s * 0.95 AND n %% 1000 <> 0 THEN now() END
    FROM ferry_vehicle, LATERAL (SELECT id AS n) x""",
    """INSERT INTO ferry_licence (company_id, number, commodity_code, expires_on, quantity, used, created_at)
    SELECT %(company)s, '26AB' || lpad(n::text, 6, '0'), '', current_date + (n %% 700)::int - 100, 100,
        (n * 31 %% 101)::int, now() FROM generate_series(1, %(licences)s) n""",
    """INSERT INTO ferry_trip (id, reference, company_id, vehicle_id, driver_id, person_id, declaration_id,
        route_id, delivery_place, consignee_name, consignee_phone, consignee_language, opens_at, closes_at,
        planned_return_on, state, outcome, created_at, exited_at, arrived_at, delivered_at, discharged_at,
        driver_returned_at, pin_sealed, pin_failures)
    SELECT n, 'F' || upper(substr(md5('t' || n), 1, 11)), %(company)s, vehicle, driver, driver,
        (vehicle - 1) / %(each)s + 1, route.id, 'Park 3', 'Almaty Auto', '', 'ru', opens_at,
        opens_at + interval '12 hours', opens_at::date + 1, state,
        CASE WHEN state = 'discharged' THEN CASE WHEN n %% 50 = 0 THEN 'matched_late' WHEN n %% 97 = 0 THEN
            'resolved' WHEN n %% 4999 = 0 THEN 'written_off' ELSE 'matched' END
            WHEN state = 'delivered' AND n %% 2 = 0 THEN 'discrepant' ELSE 'waiting' END,
        opens_at - interval '1 day',
        CASE WHEN state IN ('exited', 'arrived', 'delivered', 'discharged') THEN opens_at END,
        CASE WHEN state IN ('arrived', 'delivered', 'discharged') THEN opens_at END,
        CASE WHEN state IN ('delivered', 'discharged') THEN opens_at END,
        CASE WHEN state = 'discharged' THEN opens_at END,
        CASE WHEN state IN ('delivered', 'discharged') THEN opens_at END, '', 0
    FROM generate_series(1, %(trips)s) n
    CROSS JOIN LATERAL (SELECT (n - 1) %% %(vehicles)s + 1 AS vehicle) v
    CROSS JOIN LATERAL (SELECT (vehicle - 1) %% %(drivers)s + 1 AS driver,
        now() + interval '1 day' - (%(trips)s - n) * interval '90 seconds' AS opens_at,
        CASE WHEN n <= %(trips)s - %(vehicles)s
            THEN (ARRAY['cancelled', 'lapsed', 'returned', 'cancelled'])[1 + n %% 4]
        WHEN n > %(trips)s - %(vehicles)s * 0.003 THEN 'planned'
        WHEN n > %(trips)s - %(vehicles)s * 0.005 THEN 'ready'
        WHEN n > %(trips)s - %(vehicles)s * 0.007 THEN 'exited'
        WHEN n > %(trips)s - %(vehicles)s * 0.008 THEN 'arrived'
        WHEN n > %(trips)s - %(vehicles)s * 0.02 THEN 'delivered'
        WHEN n %% 50 = 7 THEN 'lapsed' ELSE 'discharged' END AS state) t
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM ferry_route) route
        ON route.number = CASE WHEN n %% 100 < 90 THEN 0 WHEN n %% 100 < 99 THEN 1 ELSE 2 END""",
)
TABLES = ("person", "driver", "stay", "vehicle", "declaration", "declaredvehicle", "licence", "trip")


def lay(trips: int) -> Company:
    """Lay a company with so many trips, a fifth as many vehicles, and all that goes with them."""
    company = a_company()
    vehicles = trips // TRIPS_EACH
    with connection.cursor() as cursor:
        # Scans and events go with their trips, which nobody else's database lets happen.
        lift_guards(connection, GUARDS + OF_THE_BORDER)
        cursor.execute(f"TRUNCATE {', '.join(f'ferry_{name}' for name in TABLES)} CASCADE")
        lay_guards(connection, GUARDS + OF_THE_BORDER)
        for statement in STATEMENTS:
            cursor.execute(
                statement,
                {
                    "company": company.pk,
                    "trips": trips,
                    "vehicles": vehicles,
                    "drivers": vehicles // VEHICLES_EACH_DRIVER,
                    "declarations": vehicles // VEHICLES_EACH_DECLARATION,
                    "each": VEHICLES_EACH_DECLARATION,
                    "stays": STAYS_EACH,
                    "licences": LICENCES,
                },
            )
    analyze()
    return company

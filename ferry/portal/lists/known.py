"""Every list there is, by the name in its address."""

from __future__ import annotations

from ferry.portal.lists.cases import CASES
from ferry.portal.lists.declarations import DECLARATIONS
from ferry.portal.lists.drivers import DRIVERS
from ferry.portal.lists.licences import LICENCES
from ferry.portal.lists.pay import PAY
from ferry.portal.lists.refund import REFUND
from ferry.portal.lists.trips import TRIPS
from ferry.portal.lists.vehicles import VEHICLES

LISTINGS = {one.name: one for one in (TRIPS, VEHICLES, DRIVERS, DECLARATIONS, LICENCES, CASES, PAY, REFUND)}

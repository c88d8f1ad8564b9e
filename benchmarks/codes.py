"""Codes sealed and opened a second, in one thread."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from time import perf_counter

from ferry import codes

ROUNDS = 5
COUNT = 2000
AT = datetime(2026, 11, 22, tzinfo=UTC)


def measure() -> None:
    kid, private = codes.new_key()
    claims = [
        codes.PassClaims(
            issuer="ferryman",
            pass_id=uuid.uuid4(),
            trip=f"F{number:08}",
            vin="LGXCE4CB8S0123456",
            passport_tail="4567",
            exit="CN-HORGOS",
            entry="KZ-NURZHOLY",
            not_before=AT,
            expires=AT + timedelta(hours=12),
        )
        for number in range(COUNT)
    ]
    keys = {kid: private.public_key()}
    sealing, opening = [], []
    for _round in range(ROUNDS):
        start = perf_counter()
        sealed = [codes.seal(one, kid=kid, private=private, site_url="https://ferryman.kz") for one in claims]
        sealing.append(COUNT / (perf_counter() - start))
        start = perf_counter()
        for text in sealed:
            codes.open_code(text, keys=keys)
        opening.append(COUNT / (perf_counter() - start))
    print(f"codes sealed a second            {sorted(sealing)[ROUNDS // 2]:>9,.0f}")
    print(f"codes opened a second            {sorted(opening)[ROUNDS // 2]:>9,.0f}")

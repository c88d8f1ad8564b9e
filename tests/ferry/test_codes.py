"""The signed text in the QR, the text people and readers make of it, and short codes."""

from __future__ import annotations

import uuid
from base64 import b32decode, b32encode, urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ferry import codes
from ferry.codes import BadSignature, CodeFault, PassClaims, UnknownKey, Unreadable

pytestmark = pytest.mark.once

SITE_URL = "https://ferryman.example"
ADDRESS = "HTTPS://FERRYMAN.EXAMPLE/P/"

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KID = codes.key_id(PRIVATE.public_key())
KEYS = {KID: PRIVATE.public_key()}

CLAIMS = PassClaims(
    issuer="ferryman.example",
    pass_id=uuid.UUID("0b5f1a52-8a0e-4a5c-9d3e-3f6f0f2b7c11"),
    trip="T26-00012345",
    vin="LATPAB071W1005301",
    passport_tail="4567",
    exit="CN-JIMUNAI",
    entry="KZ-MAIKAPCHAGAY",
    not_before=datetime(2026, 3, 1, 0, 0, tzinfo=UTC),
    expires=datetime(2026, 3, 2, 16, 0, tzinfo=UTC),
)


def sealed(claims: PassClaims = CLAIMS) -> str:
    return codes.seal(claims, kid=KID, private=PRIVATE, site_url=SITE_URL)


CODE = sealed()
BODY = CODE.removeprefix(ADDRESS)


def to_raw(body: str) -> bytes:
    return b32decode(body + "=" * (-len(body) % 8))


def to_body(raw: bytes) -> str:
    return b32encode(raw).decode().rstrip("=")


RAW = to_raw(BODY)


def opened(text: str, keys: dict[bytes, Ed25519PublicKey] = KEYS) -> PassClaims:
    return codes.open_code(text, keys=keys)


def fault_of(text: str, keys: dict[bytes, Ed25519PublicKey] = KEYS) -> str:
    with pytest.raises(CodeFault) as caught:
        opened(text, keys)
    return caught.value.code


# --- Hand-made messages: each truly signed by a trusted key, so that only the form is at fault --


def text_item(text: str) -> bytes:
    return head(0x60, len(text.encode())) + text.encode()


def bytes_item(raw: bytes) -> bytes:
    return head(0x40, len(raw)) + raw


def head(major: int, number: int) -> bytes:
    return bytes([major + number]) if number < 24 else bytes([major + 24, number])


PROTECTED = bytes.fromhex("a2013204") + bytes_item(KID)
CROSSING = (
    bytes.fromhex("3a00010000")
    + b"\x85"
    + b"".join(map(text_item, [CLAIMS.trip, CLAIMS.vin, CLAIMS.passport_tail, CLAIMS.exit, CLAIMS.entry]))
)
ENTRIES = [
    b"\x01" + text_item(CLAIMS.issuer),
    b"\x04\x1a" + int(CLAIMS.expires.timestamp()).to_bytes(4),
    b"\x05\x1a" + int(CLAIMS.not_before.timestamp()).to_bytes(4),
    b"\x07" + bytes_item(CLAIMS.pass_id.bytes),
    CROSSING,
]
PAYLOAD = b"\xa5" + b"".join(ENTRIES)


def signature_of(protected: bytes, payload: bytes) -> bytes:
    signed = b"\x84" + text_item("Signature1") + bytes_item(protected) + b"\x40" + bytes_item(payload)
    return PRIVATE.sign(signed)


def hand_made(
    payload: bytes = PAYLOAD,
    *,
    protected: bytes = PROTECTED,
    unprotected: bytes = b"\xa0",
    start: bytes = b"\x84",
) -> str:
    signature = signature_of(protected, payload)
    return to_body(start + bytes_item(protected) + unprotected + bytes_item(payload) + bytes_item(signature))


def with_entry(place: int, entry: bytes) -> bytes:
    return b"\xa5" + b"".join([*ENTRIES[:place], entry, *ENTRIES[place + 1 :]])


def test_a_hand_made_code_is_the_one_it_seals() -> None:
    assert hand_made() == BODY


# --- Sealing and opening -----------------------------------------------------------------------


def test_it_opens_what_it_sealed() -> None:
    assert opened(CODE) == CLAIMS
    assert opened(BODY) == CLAIMS
    assert CODE.startswith(ADDRESS)


@settings(deadline=None)
@given(
    words=st.lists(st.text(max_size=6), min_size=6, max_size=6),
    pass_id=st.uuids(),
    times=st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2, max_size=2),
)
def test_it_opens_whatever_it_sealed(words: list[str], pass_id: uuid.UUID, times: list[datetime]) -> None:
    begin, end = (moment.replace(microsecond=0) for moment in times)
    issuer, trip, vin, tail, exit_, entry = words
    claims = PassClaims(issuer, pass_id, trip, vin, tail, exit_, entry, begin, end)
    assert opened(sealed(claims)) == claims


def test_it_seals_the_same_pass_the_same_way() -> None:
    assert sealed() == CODE


def test_a_standard_reader_finds_a_cose_sign1_with_cwt_claims() -> None:
    protected, unprotected, payload, signature = cbor2.loads(RAW)
    assert cbor2.loads(protected) == {1: -19, 4: KID}
    assert unprotected == {}
    assert cbor2.loads(payload) == {
        1: "ferryman.example",
        4: 1772467200,
        5: 1772323200,
        7: CLAIMS.pass_id.bytes,
        -65537: ["T26-00012345", "LATPAB071W1005301", "4567", "CN-JIMUNAI", "KZ-MAIKAPCHAGAY"],
    }
    PRIVATE.public_key().verify(signature, cbor2.dumps(["Signature1", protected, b"", payload]))


def test_the_longest_standard_crossing_stays_near_200_bytes() -> None:
    assert len(RAW) <= 205
    assert len(CODE) <= codes.LONGEST_SEALED


def test_it_refuses_to_seal_what_would_not_scan_well() -> None:
    with pytest.raises(ValueError, match="shorten the site's address or the issuer"):
        sealed(replace(CLAIMS, issuer="a-rather-long-name.of-a-host.example"))


def test_it_keeps_the_port_and_scheme_of_a_local_site() -> None:
    code = codes.seal(CLAIMS, kid=KID, private=PRIVATE, site_url="http://localhost:8000")
    assert code == f"HTTP://LOCALHOST:8000/P/{BODY}"
    assert opened(code) == CLAIMS


@pytest.mark.parametrize(
    "not_before",
    [datetime(2026, 3, 1), datetime(2026, 3, 1, microsecond=1, tzinfo=UTC)],  # noqa: DTZ001
)
def test_it_refuses_to_seal_a_time_it_could_not_give_back(not_before: datetime) -> None:
    with pytest.raises(ValueError, match="aware and in whole seconds"):
        sealed(replace(CLAIMS, not_before=not_before))


def test_it_refuses_to_seal_with_a_key_id_it_would_not_read() -> None:
    with pytest.raises(ValueError, match="8 bytes, not 4"):
        codes.seal(CLAIMS, kid=b"abcd", private=PRIVATE, site_url=SITE_URL)


def test_it_tells_a_local_time_as_utc() -> None:
    local = CLAIMS.expires.astimezone(timezone(timedelta(hours=8)))
    assert sealed(replace(CLAIMS, expires=local)) == CODE
    assert opened(CODE).expires.tzinfo is UTC


# --- Tampering ---------------------------------------------------------------------------------


def test_no_flipped_bit_is_accepted() -> None:
    for place in range(len(RAW)):
        for bit in range(8):
            changed = bytearray(RAW)
            changed[place] ^= 1 << bit
            expected = {"unknown_key"} if 7 <= place < 15 else {"unreadable", "bad_signature"}
            assert fault_of(to_body(bytes(changed))) in expected


def test_no_changed_character_is_accepted() -> None:
    for place, was in enumerate(BODY):
        for symbol in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".replace(was, ""):
            assert fault_of(ADDRESS + BODY[:place] + symbol + BODY[place + 1 :])


def test_no_character_outside_the_alphabet_is_accepted() -> None:
    for symbol in "0189=-_+/ .aя\n\x00\ud800𝟚２":
        for place in range(0, len(BODY), 20):
            assert fault_of(BODY[:place] + symbol + BODY[place + 1 :]) == "unreadable"


def test_no_cut_is_accepted() -> None:
    for length in range(len(CODE)):
        assert fault_of(CODE[:length]) == "unreadable"
    for length in range(len(RAW)):
        assert fault_of(to_body(RAW[:length])) == "unreadable"
        assert fault_of(to_body(RAW[length + 1 :])) == "unreadable"


def test_nothing_lengthened_is_accepted() -> None:
    for extra in range(256):
        assert fault_of(to_body(RAW + bytes([extra]))) == "unreadable"
        assert fault_of(to_body(bytes([extra]) + RAW)) == "unreadable"
    for symbol in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=\n /?":
        assert fault_of(CODE + symbol) == "unreadable"
    assert fault_of(BODY + BODY) == "unreadable"


def test_spare_bits_of_the_last_character_are_not_a_second_spelling() -> None:
    assert len(RAW) * 8 % 5, "This code should leave bits to spare."
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".index(BODY[-1])
    respelled = BODY[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[last + 1]
    assert to_raw(respelled) == RAW
    assert fault_of(respelled) == "unreadable"


def test_the_strict_reader_takes_neither_lower_case_nor_padding() -> None:
    assert fault_of(BODY.lower()) == "unreadable"
    assert fault_of(BODY + "=" * (-len(BODY) % 8 or 8)) == "unreadable"


def test_a_huge_text_is_refused_before_it_is_decoded() -> None:
    assert fault_of("A" * 5_000_000) == "unreadable"


def test_another_signature_for_the_same_numbers_is_refused() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    shifted = int.from_bytes(RAW[-32:], "little") + order
    assert fault_of(to_body(RAW[:-32] + shifted.to_bytes(32, "little"))) == "bad_signature"


# --- Keys --------------------------------------------------------------------------------------


def test_another_key_under_the_same_name_is_a_bad_signature() -> None:
    _, stranger = codes.new_key()
    assert fault_of(CODE, {KID: stranger.public_key()}) == "bad_signature"


def test_a_stranger_who_names_our_key_is_refused() -> None:
    _, stranger = codes.new_key()
    forged = codes.seal(CLAIMS, kid=KID, private=stranger, site_url=SITE_URL)
    assert fault_of(forged) == "bad_signature"


def test_an_old_key_opens_for_as_long_as_it_is_trusted() -> None:
    new_kid, new_private = codes.new_key()
    assert opened(CODE, {new_kid: new_private.public_key(), KID: PRIVATE.public_key()}) == CLAIMS
    with pytest.raises(UnknownKey) as caught:
        opened(CODE, {new_kid: new_private.public_key()})
    assert caught.value.kid == KID
    assert caught.value.code == "unknown_key"


def test_no_key_at_all_means_every_key_is_unknown() -> None:
    assert fault_of(CODE, {}) == "unknown_key"


def test_a_key_is_named_by_its_own_digest() -> None:
    kid, private = codes.new_key()
    assert kid == sha256(private.public_key().public_bytes_raw()).digest()[:8]
    assert kid != codes.new_key()[0]


def test_a_public_key_is_described_as_a_jwk_and_tells_no_secret() -> None:
    jwk = codes.public_jwk(KID, PRIVATE.public_key())
    assert {name: jwk[name] for name in ("kty", "crv", "alg", "use")} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "Ed25519",
        "use": "sig",
    }
    assert urlsafe_b64decode(jwk["kid"] + "=") == KID
    assert urlsafe_b64decode(jwk["x"] + "=") == PRIVATE.public_key().public_bytes_raw()
    assert set(jwk) == {"kty", "crv", "alg", "use", "kid", "x"}


# --- Well signed, but not in the one form ------------------------------------------------------


@pytest.mark.parametrize(
    "protected",
    [
        pytest.param(bytes.fromhex("a2012704") + bytes_item(KID), id="EdDSA, -8"),
        pytest.param(bytes.fromhex("a2012604") + bytes_item(KID), id="ES256, -7"),
        pytest.param(bytes.fromhex("a2010004") + bytes_item(KID), id="reserved, 0"),
        pytest.param(bytes.fromhex("a201f604") + bytes_item(KID), id="null"),
        pytest.param(bytes.fromhex("a201646e6f6e6504") + bytes_item(KID), id="none"),
        pytest.param(b"\xa1\x04" + bytes_item(KID), id="no algorithm"),
        pytest.param(bytes.fromhex("a10132"), id="no key id"),
        pytest.param(b"", id="no header"),
        pytest.param(b"\xa0", id="empty header"),
        pytest.param(bytes.fromhex("a301320132") + b"\x04" + bytes_item(KID), id="algorithm twice"),
        pytest.param(bytes.fromhex("a301320127") + b"\x04" + bytes_item(KID), id="two algorithms"),
        pytest.param(PROTECTED.replace(b"\xa2", b"\xa3") + bytes.fromhex("1001"), id="one header more"),
        pytest.param(PROTECTED.replace(b"\xa2", b"\xa3") + bytes.fromhex("028104"), id="a critical header"),
        pytest.param(b"\xa2\x04" + bytes_item(KID) + b"\x01\x32", id="other order"),
        pytest.param(bytes.fromhex("a201381204") + bytes_item(KID), id="long-winded algorithm"),
        pytest.param(bytes.fromhex("a20132044808") + KID, id="long-winded length"),
        pytest.param(b"\xbf" + PROTECTED[1:] + b"\xff", id="indefinite"),
        pytest.param(PROTECTED + b"\x00", id="trailing byte"),
        pytest.param(bytes.fromhex("a2013204") + text_item("ABCDEFGH"), id="key id is text"),
        pytest.param(bytes.fromhex("a2013204") + bytes_item(KID[:7]), id="short key id"),
    ],
)
def test_it_refuses_other_protected_headers(protected: bytes) -> None:
    assert fault_of(hand_made(protected=protected)) == "unreadable"


def test_it_refuses_a_true_signature_of_another_algorithm() -> None:
    protected = bytes.fromhex("a2012604") + bytes_item(KID)
    signed = cbor2.dumps(["Signature1", protected, b"", PAYLOAD])
    signature = ec.generate_private_key(ec.SECP256R1()).sign(signed, ec.ECDSA(SHA256()))
    raw = cbor2.dumps([protected, {}, PAYLOAD, signature[:64]])
    assert fault_of(to_body(raw)) == "unreadable"


@pytest.mark.parametrize(
    "unprotected",
    [
        pytest.param(bytes.fromhex("a10127"), id="an algorithm"),
        pytest.param(b"\xa1\x04" + bytes_item(KID), id="a key id"),
        pytest.param(bytes.fromhex("a11901000a"), id="an unknown header"),
        pytest.param(bytes.fromhex("bfff"), id="indefinite"),
        pytest.param(bytes.fromhex("b800"), id="long-winded"),
        pytest.param(b"\x80", id="an array"),
        pytest.param(b"\xf6", id="null"),
        pytest.param(b"", id="none"),
    ],
)
def test_it_refuses_other_unprotected_headers(unprotected: bytes) -> None:
    assert fault_of(hand_made(unprotected=unprotected)) == "unreadable"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(bytes.fromhex("d284"), id="tagged as COSE_Sign1"),
        pytest.param(bytes.fromhex("d83dd284"), id="tagged as CWT"),
        pytest.param(bytes.fromhex("d9d9f784"), id="self-described"),
        pytest.param(bytes.fromhex("9804"), id="long-winded"),
        pytest.param(b"\x85", id="array of five"),
        pytest.param(b"\x83", id="array of three"),
        pytest.param(b"\xa2", id="a map"),
        pytest.param(b"\x84\x84", id="nested"),
    ],
)
def test_it_refuses_other_wrappings(start: bytes) -> None:
    assert fault_of(hand_made(start=start)) == "unreadable"


def test_it_refuses_an_indefinite_array() -> None:
    assert fault_of(to_body(b"\x9f" + RAW[1:] + b"\xff")) == "unreadable"


def test_it_refuses_strings_in_chunks() -> None:
    chunked = b"\x5f" + bytes_item(PAYLOAD[:50]) + bytes_item(PAYLOAD[50:]) + b"\xff"
    rest = bytes_item(signature_of(PROTECTED, PAYLOAD))
    assert fault_of(to_body(b"\x84" + bytes_item(PROTECTED) + b"\xa0" + chunked + rest)) == "unreadable"


def test_it_refuses_a_long_winded_payload_length() -> None:
    longer = RAW[:16] + b"\x59\x00" + RAW[17:]
    assert fault_of(to_body(longer)) == "unreadable"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xa0", id="no claims"),
        pytest.param(b"\xff" * 30, id="a break"),
        pytest.param(b"\xa6" + b"".join([ENTRIES[0], *ENTRIES]), id="the same claim twice"),
        pytest.param(b"\xa6" + b"\x01" + text_item("another") + b"".join(ENTRIES), id="two issuers"),
        pytest.param(b"\xa6" + b"".join(ENTRIES) + CROSSING, id="two crossings"),
        pytest.param(
            b"\xa6" + b"".join(ENTRIES[:3]) + bytes.fromhex("0600") + b"".join(ENTRIES[3:]), id="issued at"
        ),
        pytest.param(b"\xa6" + b"".join(ENTRIES) + bytes.fromhex("3a0001000100"), id="an unknown claim"),
        pytest.param(b"\xa4" + b"".join(ENTRIES[1:]), id="no issuer"),
        pytest.param(b"\xa4" + b"".join(ENTRIES[:4]), id="no crossing"),
        pytest.param(b"\xa5" + b"".join([ENTRIES[1], ENTRIES[0], *ENTRIES[2:]]), id="other order"),
        pytest.param(b"\xb8\x05" + PAYLOAD[1:], id="long-winded map"),
        pytest.param(b"\xbf" + PAYLOAD[1:] + b"\xff", id="indefinite map"),
        pytest.param(PAYLOAD + b"\x00", id="trailing byte"),
        pytest.param(with_entry(0, b"\x01" + bytes_item(b"ferryman.example")), id="issuer in bytes"),
        pytest.param(with_entry(0, b"\x01\x64\xff\xff\xff\xff"), id="issuer is not UTF-8"),
        pytest.param(with_entry(0, b"\x01\x7f\x61a\x61b\xff"), id="issuer in chunks"),
        pytest.param(with_entry(0, b"\x01\x78\x01a"), id="long-winded issuer"),
        pytest.param(with_entry(1, b"\x04\x1b" + (1772467200).to_bytes(8)), id="long-winded time"),
        pytest.param(with_entry(1, b"\x04\xfb\x41\xda\x69\x2d\x20\x00\x00\x00"), id="time as a float"),
        pytest.param(with_entry(1, b"\x04\xc1\x1a\x69\xa5\xb1\x00"), id="time in a tag"),
        pytest.param(with_entry(1, b"\x04\xf5"), id="time is true"),
        pytest.param(with_entry(1, b"\x04\x1b\x7f" + b"\xff" * 7), id="time past every calendar"),
        pytest.param(with_entry(1, b"\x04\x3b\x7f" + b"\xff" * 7), id="time before every calendar"),
        pytest.param(with_entry(1, b"\x04\xc2\x49\x01" + b"\x00" * 8), id="time as a big number"),
        pytest.param(with_entry(1, b"\x04\xf9\x7e\x00"), id="time is not a number"),
        pytest.param(with_entry(3, b"\x07" + bytes_item(b"\x00" * 15)), id="pass id of 15 bytes"),
        pytest.param(
            with_entry(3, b"\x07\xd8\x25" + bytes_item(CLAIMS.pass_id.bytes)), id="pass id in a tag"
        ),
        pytest.param(with_entry(4, CROSSING.replace(b"\x85", b"\x84")), id="crossing of four"),
        pytest.param(with_entry(4, CROSSING.replace(b"\x85", b"\x86") + b"\x60"), id="crossing of six"),
        pytest.param(with_entry(4, CROSSING.replace(b"\x85", b"\x9f") + b"\xff"), id="indefinite crossing"),
        pytest.param(with_entry(4, CROSSING[:5] + b"\x60"), id="crossing is text"),
        pytest.param(with_entry(4, CROSSING[:5] + b"\x85" + b"\x01" * 5), id="crossing of numbers"),
        pytest.param(with_entry(4, CROSSING[:5] + b"\x85" + b"\xf6" * 5), id="crossing of nulls"),
        pytest.param(with_entry(4, CROSSING[:5] + b"\xd9\x01\x02" + CROSSING[5:]), id="crossing is a set"),
        pytest.param(b"\x81" * 200, id="deep arrays"),
        pytest.param(b"\xa1\x01" * 100, id="deep maps"),
        pytest.param(b"\xd9\xd9\xf7" * 60, id="deep tags"),
        pytest.param(b"\x9b\x7f" + b"\xff" * 30, id="an array without end"),
        pytest.param(b"\x5b\x7f" + b"\xff" * 30, id="a string without end"),
        pytest.param(bytes.fromhex("c5821b7fffffffffffffff01") + b"\x00" * 20, id="a number without end"),
        pytest.param(bytes.fromhex("d81c81d81d00") + b"\x00" * 20, id="an array that holds itself"),
    ],
)
def test_it_refuses_other_claims_even_when_well_signed(payload: bytes) -> None:
    assert fault_of(hand_made(payload)) == "unreadable"


def test_it_reads_no_claims_before_the_signature_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "loads", None)
    assert fault_of(to_body(RAW[:-1] + bytes([RAW[-1] ^ 1]))) == "bad_signature"


# --- Nothing but a fault -----------------------------------------------------------------------


def is_refused(text: str) -> bool:
    try:
        opened(text)
    except CodeFault:
        return True
    return False


@settings(deadline=None)
@given(st.text())
@example("")
@example(ADDRESS)
@example("\ud800")
@example("\x00")
@example("ＨＴＴＰＳ：／／Ａ／Ｐ／ＡＡＡＡ")
def test_any_text_is_refused_with_a_fault(text: str) -> None:
    assert is_refused(text)
    assert is_refused(ADDRESS + text)
    assert is_refused(codes.normalise(text))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_fault(raw: bytes) -> None:
    assert is_refused(to_body(raw))
    assert is_refused(to_body(RAW[:18] + raw))
    assert is_refused(hand_made(raw[:220]))


@settings(deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), lambda inner: st.lists(inner)))
def test_any_signed_value_is_refused_with_a_fault(value: object) -> None:
    assert is_refused(hand_made(cbor2.dumps(value)[:220]))
    assert is_refused(to_body(cbor2.dumps(value)[:300]))


def test_every_fault_carries_its_reason_code() -> None:
    assert [fault.code for fault in (Unreadable, UnknownKey, BadSignature)] == [
        "unreadable",
        "unknown_key",
        "bad_signature",
    ]
    assert all(issubclass(fault, CodeFault) for fault in (Unreadable, UnknownKey, BadSignature))


# --- What a scanner or a person typed ----------------------------------------------------------

#: What each layout writes for the key that writes this in English, as printed on the keys.
ENGLISH = "QWERTYUIOPASDFGHJKLZXCVBNM:.-/1234567890"
RUSSIAN = "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬЖЮ-.1234567890"
KAZAKH = 'ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬЖЮө№"әіңғ,.үұқ'


def typed_through(layout: str, text: str) -> str:
    return text.translate(str.maketrans(ENGLISH, layout))


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(CODE, id="as sealed"),
        pytest.param(BODY, id="without the address"),
        pytest.param(CODE.lower(), id="lower case"),
        pytest.param(f"  {CODE}\r\n", id="enter after it"),
        pytest.param(f"{CODE}\t", id="tab after it"),
        pytest.param(f"\x02{CODE}\x03", id="control characters around it"),
        pytest.param(f"\ufeff\u200e{CODE}\u2069", id="invisible marks around it"),
        pytest.param(f"{CODE[:90]}\r\n   {CODE[90:]}", id="broken into lines"),
        pytest.param(CODE.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}), id="full width"),
        pytest.param(f"http://10.0.0.7:8080/p/{BODY}", id="another host"),
        pytest.param(f"ferryman.example/P/{BODY}", id="without the scheme"),
    ],
)
def test_what_was_typed_comes_back_as_the_same_code(typed: str) -> None:
    assert codes.normalise(typed) == BODY
    assert opened(codes.normalise(typed)) == CLAIMS


@pytest.mark.parametrize("layout", [pytest.param(RUSSIAN, id="Russian"), pytest.param(KAZAKH, id="Kazakh")])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CODE, id="code"),
        pytest.param(BODY, id="body"),
        pytest.param(f"HTTP://127.0.0.1:8067/P/{BODY}", id="local"),
        pytest.param(f"HTTPS://A-1.B-67.EXAMPLE/P/{BODY}", id="hyphens"),
    ],
)
def test_a_reader_that_types_through_a_cyrillic_layout_is_understood(layout: str, text: str) -> None:
    typed = typed_through(layout, text)
    assert codes.normalise(typed) == BODY
    assert codes.normalise(typed.lower()) == BODY
    assert codes.normalise(typed.upper() + "\r") == BODY


@settings(deadline=None)
@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=1), st.sampled_from([RUSSIAN, KAZAKH]))
def test_every_code_survives_every_layout(body: str, layout: str) -> None:
    assert codes.normalise(typed_through(layout, ADDRESS + body)) == body


def test_it_corrects_nothing_that_is_signed() -> None:
    assert codes.normalise("0189O") == "0189O"
    assert codes.normalise("АBC") == "АBC", "A Cyrillic letter among Latin ones is no layout."
    assert codes.normalise("ſıﬁK") == "ſıﬁK", "Letters that only upper-casing would make Latin stay."
    assert codes.normalise(f"{CODE}/") == f"{CODE}/"
    assert codes.normalise(f"{CODE}?A=1") != BODY


def test_it_leaves_a_short_code_recognisable() -> None:
    assert codes.normalise(" 7k3p-9qx2-m\r") == "7K3P-9QX2-M"


# --- Short codes -------------------------------------------------------------------------------

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def check_value(symbols: str) -> int:
    return sum(SYMBOLS.index(symbol) << 5 * place for place, symbol in enumerate(reversed(symbols))) % 37


def drawn(values: list[int]) -> str:
    """Draw the short code of these values, then of zeros if they need a check symbol that is not read out."""
    left = iter([*values, *[0] * 8])
    return codes.new_short_code(lambda _: next(left))


short_codes = st.lists(st.integers(0, 31), min_size=8, max_size=8).map(drawn)


@settings(deadline=None)
@given(short_codes)
def test_a_short_code_reads_back_as_it_was_drawn(stored: str) -> None:
    shown = codes.show_short_code(stored)
    assert codes.read_short_code(shown) == stored
    assert codes.read_short_code(stored.lower()) == stored
    assert codes.read_short_code(f" {shown.replace('-', ' ')}\r\n") == stored
    assert codes.read_short_code(shown.replace("-", "–")) == stored
    assert codes.read_short_code(shown.replace("0", "o").replace("1", "l")) == stored
    assert codes.read_short_code(shown.replace("0", "O").replace("1", "I")) == stored
    assert codes.read_short_code(codes.normalise(shown)) == stored


@settings(deadline=None)
@given(short_codes)
def test_every_wrong_symbol_is_caught(stored: str) -> None:
    for place, was in enumerate(stored):
        for symbol in SYMBOLS.replace(was, ""):
            assert codes.read_short_code(stored[:place] + symbol + stored[place + 1 :]) is None


@settings(deadline=None)
@given(short_codes)
def test_every_swap_of_neighbours_is_caught(stored: str) -> None:
    for place, (left, right) in enumerate(pairwise(stored)):
        if left != right:
            swapped = stored[:place] + right + left + stored[place + 2 :]
            assert codes.read_short_code(swapped) is None


@settings(deadline=None)
@given(st.text())
@example("U" * 9)
@example("*~$=U")
@example("\ud800")
@example("𝟕K3P9QX2M")
def test_any_text_is_read_as_a_short_code_or_as_none(text: str) -> None:
    stored = codes.read_short_code(text)
    assert stored is None or codes.read_short_code(stored) == stored


def test_it_redraws_until_the_check_symbol_can_be_read_out() -> None:
    unread = next(
        value for value in range(32) if check_value(SYMBOLS[0] * 6 + SYMBOLS[1] + SYMBOLS[value]) >= 32
    )
    assert drawn([0, 0, 0, 0, 0, 0, 1, unread]) == "000000000"


def test_a_new_short_code_is_random_and_in_stored_form() -> None:
    some = {codes.new_short_code() for _ in range(200)}
    assert len(some) == 200
    assert {len(stored) for stored in some} == {9}
    assert all(codes.read_short_code(stored) == stored for stored in some)


def test_a_short_code_is_shown_in_groups() -> None:
    assert codes.show_short_code("7K3P9QX2M") == "7K3P-9QX2-M"


@pytest.mark.parametrize("text", ["", "7K3P", "7K3P-9QX2", BODY, CODE, "LATPAB071W1005301", "A" * 5_000_000])
def test_other_texts_are_no_short_code(text: str) -> None:
    assert codes.read_short_code(text) is None


def with_check(symbols: str) -> str:
    return symbols + SYMBOLS[check_value(symbols)]


def test_cyrillic_letters_are_read_by_their_looks() -> None:
    stored = with_check("ABEKMHPC")
    look_alike = stored.translate(str.maketrans("ABEKMHPCTXY", "АВЕКМНРСТХУ"))
    assert look_alike != stored
    assert codes.read_short_code(look_alike) == stored
    assert codes.read_short_code(look_alike.lower()) == stored
    assert codes.read_short_code(look_alike[:3] + stored[3:]) == stored, "Both alphabets in one code."
    assert codes.read_short_code("О" + with_check("0ABEKMHP")[1:]) == with_check("0ABEKMHP")


@pytest.mark.parametrize("layout", [pytest.param(RUSSIAN, id="Russian"), pytest.param(KAZAKH, id="Kazakh")])
def test_a_short_code_read_through_a_cyrillic_layout_is_understood(layout: str) -> None:
    stored = with_check("7D1F6QZ8")
    typed = typed_through(layout, codes.show_short_code(stored))
    assert codes.read_short_code(typed) == stored
    assert codes.read_short_code(typed.lower()) == stored
    assert codes.read_short_code(codes.normalise(typed)) == stored


def test_a_text_with_two_meanings_is_taken_for_neither() -> None:
    by_looks = str.maketrans("АВЕКМНРСТХУ", "ABEKMHPCTXY")
    by_keys = str.maketrans(RUSSIAN, ENGLISH)
    typed = next(
        text
        for last in "АВЕКМНРСТХУ"
        for first in "АВЕКМНРСТХУ"
        for second in "АВЕКМНРСТХУ"
        if is_held((text := f"{first}{second}234567{last}").translate(by_looks))
        and is_held(text.translate(by_keys))
    )
    assert codes.read_short_code(typed) is None


def is_held(symbols: str) -> bool:
    return set(symbols) <= set(SYMBOLS) and SYMBOLS.index(symbols[-1]) == check_value(symbols[:-1])

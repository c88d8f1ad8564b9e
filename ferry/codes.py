"""Write and read the signed text in the QR; never decide whether a car may pass.

The text is `HTTPS://HOST/P/BODY` in upper case, so that a QR code holds it in alphanumeric mode. BODY is
Base32 (RFC 4648, no padding) of an untagged COSE_Sign1 (RFC 9052) in deterministic CBOR:

    [ << {1: -19, 4: kid} >>, {}, << claims >>, signature ]

-19 is Ed25519 (RFC 9864); kid is 8 bytes; the external data of the signature is empty. The claims are CWT
claims (RFC 8392) and one private claim, an array because a private label costs five bytes:

    {1: issuer, 4: expires, 5: not before, 7: 16 bytes of the pass id,
     -65537: [trip, VIN, passport tail, exit, entry]}

Times are whole seconds since 1970. The host is never trusted: it only takes a phone's camera to our page.

There is one way to write a given pass. A reader therefore encodes again what it understood and refuses any
text that differs: that rules out duplicate keys, unknown headers and claims, other algorithms, indefinite
or long-winded lengths and trailing bytes at once. Nothing but fixed offsets is read before the signature
is known to be good.
"""

from __future__ import annotations

import re
import secrets
import uuid
from base64 import b32decode, b32encode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar

from cbor2 import CBORError, dumps, loads
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KID_BYTES = 8
#: Characters that QR version 11 holds at level M: denser symbols fail on cheap phones and dusty windscreens.
LONGEST_SEALED = 366
#: Characters worth looking at; other hosts may be longer than ours.
LONGEST_READ = 512


class CodeFault(Exception):
    """Tell why a text is not one of our codes, in a reason code of the contract."""

    code: ClassVar[str]


class Unreadable(CodeFault):
    """It is not in our form."""

    code = "unreadable"


class UnknownKey(CodeFault):
    """It is in our form, but names a key we do not trust."""

    code = "unknown_key"

    def __init__(self, kid: bytes) -> None:
        super().__init__(kid.hex())
        self.kid = kid


class BadSignature(CodeFault):
    """It names a key we trust, which did not sign it."""

    code = "bad_signature"


@dataclass(frozen=True, slots=True)
class PassClaims:
    """What a code says. Times are aware and in whole seconds; exit and entry are codes of checkpoints."""

    issuer: str
    pass_id: uuid.UUID
    trip: str
    vin: str
    passport_tail: str
    exit: str
    entry: str
    not_before: datetime
    expires: datetime


class Label:
    """Name the integers of COSE headers and CWT claims."""

    ALGORITHM = 1
    KEY_ID = 4

    ISSUER = 1
    EXPIRES = 4
    NOT_BEFORE = 5
    PASS_ID = 7
    CROSSING = -65537


ED25519 = -19


# --- Seal and open -----------------------------------------------------------------------------


def seal(claims: PassClaims, *, kid: bytes, private: Ed25519PrivateKey, site_url: str) -> str:
    """Write the text of a QR code. ValueError if it cannot be read back, or would outgrow the symbol."""
    if len(kid) != KID_BYTES:
        raise ValueError(f"A key id has {KID_BYTES} bytes, not {len(kid)}.")
    payload = _payload(claims)
    raw = _envelope(kid, payload, private.sign(_signed_bytes(kid, payload)))
    text = f"{site_url.rstrip('/').upper()}/P/{_base32(raw)}"
    if len(text) > LONGEST_SEALED:
        raise ValueError(
            f"The code would have {len(text)} characters, more than {LONGEST_SEALED}: "
            "shorten the site's address or the issuer."
        )
    return text


def open_code(text: str, *, keys: Mapping[bytes, Ed25519PublicKey]) -> PassClaims:
    """Read an upper-case code, with or without its address. Any text not ours raises a CodeFault."""
    raw = _raw(text)
    kid, payload, signature = raw[7:15], raw[18:-66], raw[-64:]
    if raw != _envelope(kid, payload, signature):
        raise Unreadable
    if kid not in keys:
        raise UnknownKey(kid)
    try:
        keys[kid].verify(signature, _signed_bytes(kid, payload))
    except InvalidSignature:
        raise BadSignature from None
    return _claims(payload)


_CODE = re.compile(r"(?:HTTPS?://[^/]+/P/)?([A-Z2-7]+)")


def _raw(text: str) -> bytes:
    code = _CODE.fullmatch(text) if len(text) <= LONGEST_READ else None
    if code is None:
        raise Unreadable
    body = code[1]
    try:
        raw = b32decode(body + "=" * (-len(body) % 8))
    except ValueError:
        raise Unreadable from None
    # Several texts decode to the same bytes: the last character has bits to spare.
    if _base32(raw) != body:
        raise Unreadable
    return raw


def _base32(raw: bytes) -> str:
    return b32encode(raw).rstrip(b"=").decode()


def _envelope(kid: bytes, payload: bytes, signature: bytes) -> bytes:
    return dumps([_protected(kid), {}, payload, signature])


def _signed_bytes(kid: bytes, payload: bytes) -> bytes:
    return dumps(["Signature1", _protected(kid), b"", payload])


def _protected(kid: bytes) -> bytes:
    return dumps({Label.ALGORITHM: ED25519, Label.KEY_ID: kid}, canonical=True)


def _payload(claims: PassClaims) -> bytes:
    return dumps(
        {
            Label.ISSUER: claims.issuer,
            Label.EXPIRES: _seconds(claims.expires),
            Label.NOT_BEFORE: _seconds(claims.not_before),
            Label.PASS_ID: claims.pass_id.bytes,
            Label.CROSSING: [claims.trip, claims.vin, claims.passport_tail, claims.exit, claims.entry],
        },
        canonical=True,
    )


def _claims(payload: bytes) -> PassClaims:
    try:
        claims = _understood(payload)
    except (CBORError, ValueError, OverflowError, OSError):
        raise Unreadable from None
    if _payload(claims) != payload:
        raise Unreadable
    return claims


def _understood(payload: bytes) -> PassClaims:
    match loads(payload, max_depth=2, allow_indefinite=False, allow_duplicate_keys=False):
        case {
            Label.ISSUER: str(issuer),
            Label.EXPIRES: int(expires),
            Label.NOT_BEFORE: int(not_before),
            Label.PASS_ID: bytes(pass_id),
            Label.CROSSING: [str(trip), str(vin), str(passport_tail), str(exit_), str(entry)],
        }:
            return PassClaims(
                issuer=issuer,
                pass_id=uuid.UUID(bytes=pass_id),
                trip=trip,
                vin=vin,
                passport_tail=passport_tail,
                exit=exit_,
                entry=entry,
                not_before=datetime.fromtimestamp(not_before, UTC),
                expires=datetime.fromtimestamp(expires, UTC),
            )
    raise Unreadable


def _seconds(moment: datetime) -> int:
    if moment.tzinfo is None or moment.microsecond:
        raise ValueError("The times of a code are aware and in whole seconds.")
    return int(moment.timestamp())


# --- What a scanner or a person typed ----------------------------------------------------------


def normalise(text: str) -> str:
    """Bring what was scanned or typed into the form `open_code` reads; correct nothing that is signed.

    A known shape loses its address, whoever's host it names. Text of any other shape comes back in upper
    case. Hand the text as it was typed to `read_short_code`, which reads look-alike letters too.
    """
    typed = _tidy(text)
    if _is_cyrillic_typing(typed):
        typed = _by_key_position(typed)
    address = _ADDRESS.fullmatch(typed)
    return address[1] if address else typed


_ADDRESS = re.compile(r"(?:HTTPS?://)?[^/]+/P/([^/]+)")
#: White space, control characters (a reader's suffix) and the invisible marks that messengers add.
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
#: To upper case and half width. `str.upper` would also make ASCII of letters that are not (ſ, ı, ﬁ).
_PLAIN = {
    **{ord(small): small.upper() for small in "abcdefghijklmnopqrstuvwxyz"},
    **{wide: chr(wide - 0xFEE0).upper() for wide in range(0xFF01, 0xFF5F)},
}


def _tidy(text: str) -> str:
    return _UNSEEN.sub("", text).translate(_PLAIN)


_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Z]")


def _is_cyrillic_typing(text: str) -> bool:
    """Say whether a reader's key strokes met a Cyrillic layout: such a layout has no Latin letter at all."""
    return bool(_CYRILLIC.search(text)) and not _LATIN.search(text)


def _by_key(layout: str, keys: str) -> dict[int, int]:
    return str.maketrans(layout + layout.upper(), keys * 2)


#: Ж is the colon: the key under it is ; and a code holds no semicolon.
_LETTER_KEYS = _by_key("йцукенгшщзхъфывапролджэячсмитьбю", "QWERTYUIOP[]ASDFGHJKL:'ZXCVBNM,.")
_RUSSIAN_KEYS = _LETTER_KEYS | _by_key(".", "/")
#: The Kazakh layout keeps nine letters and three marks where others have the digits.
_KAZAKH_KEYS = _LETTER_KEYS | _by_key('"әіңғ,.үұқөһ№', "1234567890-=/")


def _by_key_position(text: str) -> str:
    # A full stop is the slash in Russian and 7 in Kazakh. Slashes follow a colon, and Kazakh writes them №.
    is_russian_address = "№" not in text and ("Ж" in text or "ж" in text)
    return text.translate(_RUSSIAN_KEYS if is_russian_address else _KAZAKH_KEYS)


# --- Short codes -------------------------------------------------------------------------------

#: Crockford's Base32: no I, L, O, U.
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHORT_CODE_SYMBOLS = 8


def new_short_code(randbelow: Callable[[int], int] = secrets.randbelow) -> str:
    """Draw eight symbols and their check symbol, in the stored form (no hyphens).

    Five of Crockford's 37 check symbols are hard to say over a phone line: draw again until none is needed.
    """
    while True:
        drawn = "".join(SYMBOLS[randbelow(len(SYMBOLS))] for _ in range(SHORT_CODE_SYMBOLS))
        check = _check_value(drawn)
        if check < len(SYMBOLS):
            return drawn + SYMBOLS[check]


def read_short_code(text: str) -> str | None:
    """Bring a short code as somebody typed it into its stored form; None if it is not one.

    Cyrillic letters are read by their looks and, where no Latin letter is among them, by their keys; if both
    readings hold the typist's meaning is unknown, and neither is taken.
    """
    if len(text) > LONGEST_READ:
        return None
    typed = _tidy(text)
    readings = [typed.translate(_LOOK_ALIKES)]
    if _is_cyrillic_typing(typed):
        readings.append(_by_key_position(typed))
    held = {bare for bare in map(_bare_short_code, readings) if _is_short_code(bare)}
    return held.pop() if len(held) == 1 else None


def show_short_code(stored: str) -> str:
    """Group a stored short code for reading aloud: 7K3P-9QX2-M."""
    return f"{stored[:4]}-{stored[4:8]}-{stored[8:]}"


_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТУХІҮҺавекмнорстухіүһ", "ABEKMHOPCTYXIYH" * 2)
_DASHES = re.compile(r"[-‐‑‒–—―−]+")
_MISREAD = str.maketrans("OIL", "011")
_SHORT_CODE = re.compile(f"[{SYMBOLS}]{{{SHORT_CODE_SYMBOLS + 1}}}")


def _bare_short_code(text: str) -> str:
    return _DASHES.sub("", text).translate(_MISREAD)


def _is_short_code(bare: str) -> bool:
    return bool(_SHORT_CODE.fullmatch(bare)) and SYMBOLS.index(bare[-1]) == _check_value(bare[:-1])


def _check_value(symbols: str) -> int:
    value = 0
    for symbol in symbols:
        value = value * len(SYMBOLS) + SYMBOLS.index(symbol)
    return value % 37


# --- Keys --------------------------------------------------------------------------------------


def new_key() -> tuple[bytes, Ed25519PrivateKey]:
    """Make a signing key and its key id."""
    private = Ed25519PrivateKey.generate()
    return key_id(private.public_key()), private


def key_id(public: Ed25519PublicKey) -> bytes:
    """Name a key by the first 8 bytes of the SHA-256 of its 32 raw public bytes."""
    return sha256(public.public_bytes_raw()).digest()[:KID_BYTES]


def public_jwk(kid: bytes, public: Ed25519PublicKey) -> dict[str, str]:
    """Describe a public key as a JSON Web Key (RFC 8037, RFC 9864)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "Ed25519",
        "use": "sig",
        "kid": _base64url(kid),
        "x": _base64url(public.public_bytes_raw()),
    }


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()

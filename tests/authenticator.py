"""A passkey in software: answers challenges as a device does, honestly or not."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def text_of(raw: bytes) -> str:
    """Bytes as WebAuthn writes them."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Authenticator:
    """One key on one device. `uses` is its counter; what a device should not do can be set."""

    origin: str
    site: str
    uses: int = 0
    flags: int = PRESENT | VERIFIED
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: str) -> str:
        """Answer to `navigator.credentials.create`."""
        point = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        known = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        made = self._data(self.flags | WITH_KEY) + known + encode_cbor(public)
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": made})
        said = self._said("webauthn.create", options)
        return self._answer({"attestationObject": text_of(statement)}, said)

    def answer(self, options: str) -> str:
        """Answer to `navigator.credentials.get`."""
        self.uses += 1
        data, said = self._data(self.flags), self._said("webauthn.get", options)
        signed = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"authenticatorData": text_of(data), "signature": text_of(signed)}, said
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.site.encode()).digest() + struct.pack(">BI", flags, self.uses)

    def _said(self, kind: str, options: str) -> bytes:
        challenge = json.loads(options)["challenge"]
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, Any], said: bytes) -> str:
        name = text_of(self.credential_id)
        response["clientDataJSON"] = text_of(said)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})

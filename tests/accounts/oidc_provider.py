"""An OpenID provider that is really there: discovery, a page to sign in at, codes for tokens, keys that change.

It stands for Google, Microsoft and Apple at once, under `/<name>/…`, each with its own issuer and ways. As strict as they
are: redirect address, client secret (Apple's is a JWT that is verified), PKCE, and every code is good once.
"""

import base64
import hashlib
import html
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from webapp.kit import clock, ids

CLIENT, SECRET = "the-web-client", "s3cret-of-the-web-client"
TEAM, KEY_ID = "TEAM123456", "KEY7654321"
TID = "9188040d-6c67-4c5b-b112-36a304b66dad"
ISSUERS = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com",
           "microsoft": f"https://login.microsoftonline.com/{TID}/v2.0"}  # fmt: skip


@dataclass
class Person:
    """Who is signed in at the provider, and what it says of them. `drop` names claims to leave out."""

    subject: str = "1234567890"
    email: str = "jane@example.com"
    claims: dict[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    first_time: bool = False  # Apple tells the name then, beside the token


class Provider:
    """The server. `person` is who is signed in there; the lists hold what it was asked."""

    def __init__(self) -> None:
        self.apple_key = ECKey.generate_key("P-256")
        self.reset()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.get(self, urlsplit(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.post(self, urlsplit(self.path), {k: v[0] for k, v in parse_qs(body).items()})

            def log_message(self, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def reset(self) -> None:
        self.person = Person()
        self.keys = [RSAKey.generate_key(2048, parameters={"kid": ids.token(8)})]
        self.published = list(self.keys)
        self.asked: list[dict[str, str]] = []  # what people were sent with
        self.traded: list[dict[str, str]] = []  # what was posted to the token endpoint
        self.codes: dict[str, dict[str, str]] = {}
        self.fetched: list[str] = []
        self.error = ""  # an error to send people back with
        self.token_answer: tuple[int, Any] | None = None  # in place of a token
        self.sign: Any = None  # signs the claims in place of the present key
        self.broken: set[str] = set()  # addresses that answer 500

    @property
    def host(self) -> str:
        # another site than 127.0.0.1, as a browser counts
        return f"http://localhost:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def settings(self) -> dict[str, object]:
        """Truckroll's settings for it."""
        found: dict[str, object] = {}
        for name in ISSUERS:
            found |= {f"sso_{name}_client_id": CLIENT, f"sso_{name}_keys_url": "",
                      f"sso_{name}_discovery_url": f"{self.host}/{name}/.well-known/openid-configuration"}  # fmt: skip
        pem = self.apple_key.as_pem(private=True).decode()
        return found | {
            "sso_google_client_secret": SECRET, "sso_microsoft_client_secret": SECRET, "sso_apple_team_id": TEAM,
            "sso_apple_key_id": KEY_ID, "sso_apple_private_key": pem,
        }  # fmt: skip

    def rotate(self) -> RSAKey:
        """A new key signs from now on; the old one is not published any more."""
        self.keys = [RSAKey.generate_key(2048, parameters={"kid": ids.token(8)})]
        self.published = list(self.keys)
        return self.keys[0]

    # Being asked --------------------------------------------------------------------------------------------------

    def get(self, request: BaseHTTPRequestHandler, url: Any) -> None:
        name, _, what = url.path.strip("/").partition("/")
        self.fetched.append(what)
        if what in self.broken:
            return _send(request, 500, "broken")
        if what == ".well-known/openid-configuration":
            return _send(request, 200, self.discovery(name))
        if what == "keys":
            keys = [k.as_dict(private=False) | {"use": "sig", "alg": "RS256"} for k in self.published]
            return _send(request, 200, {"keys": keys})
        if what == "authorize":
            return self.authorize(request, name, {k: v[0] for k, v in parse_qs(url.query).items()})
        return _send(request, 404, "nothing here")

    def discovery(self, name: str) -> dict[str, str]:
        issuer = "https://login.microsoftonline.com/{tenantid}/v2.0" if name == "microsoft" else ISSUERS[name]
        base = f"{self.host}/{name}"
        return {"issuer": issuer, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/keys"}  # fmt: skip

    def authorize(self, request: BaseHTTPRequestHandler, name: str, asked: dict[str, str]) -> None:
        self.asked.append(asked)
        wrong = [k for k, v in {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}.items()
                 if asked.get(k) != v]  # fmt: skip
        if wrong or not {"state", "nonce", "redirect_uri", "code_challenge"} <= asked.keys():
            return _send(request, 400, f"wrong: {wrong}")
        said = {"state": asked["state"]}
        if self.error:
            said["error"] = self.error
        else:
            code = ids.token(20)
            self.codes[code] = asked | {"provider": name}
            said["code"] = code
        if asked.get("response_mode") != "form_post":
            return _send(request, 302, "", {"Location": f"{asked['redirect_uri']}?{urlencode(said)}"})
        if self.person.first_time:
            said["user"] = json.dumps({"name": {"firstName": "Jane", "lastName": "Appleseed"}})
        fields = "".join(
            f'<input type="hidden" name="{k}" value="{html.escape(v)}">' for k, v in said.items()
        )
        page = (
            '<!doctype html><title>Apple</title><link rel="icon" href="data:,">'
            f'<form method="post" action="{asked["redirect_uri"]}">{fields}<button>Continue</button></form>'
        )
        return _send(request, 200, page)

    def post(self, request: BaseHTTPRequestHandler, url: Any, sent: dict[str, str]) -> None:
        name, _, what = url.path.strip("/").partition("/")
        self.traded.append(sent)
        if what != "token":
            return _send(request, 404, "nothing here")
        if self.token_answer is not None:
            return _send(request, *self.token_answer)
        if not self.knows(name, sent):
            return _send(request, 401, {"error": "invalid_client"})
        asked = self.codes.pop(sent.get("code", ""), None)
        verifier = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or asked["provider"] != name
            or asked["redirect_uri"] != sent.get("redirect_uri")
            or asked["code_challenge"] != base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        ):
            return _send(request, 400, {"error": "invalid_grant"})
        return _send(request, 200, {"access_token": ids.token(20), "token_type": "Bearer",
                                    "id_token": self.token(name, asked["nonce"])})  # fmt: skip

    def knows(self, name: str, sent: dict[str, str]) -> bool:
        """Whether the client's secret is right."""
        if sent.get("client_id") != CLIENT:
            return False
        if name != "apple":
            return sent.get("client_secret") == SECRET
        found = jwt.decode(sent["client_secret"], self.apple_key, algorithms=["ES256"])
        right = {"iss": TEAM, "sub": CLIENT, "aud": "https://appleid.apple.com"}
        return (found.header["kid"] == KEY_ID and {k: found.claims[k] for k in right} == right
                and 0 < found.claims["exp"] - clock.unix() <= 15_777_000)  # fmt: skip

    def token(self, name: str, nonce: str) -> str:
        now, who = clock.unix(), self.person
        claims: dict[str, Any] = {"iss": ISSUERS[name], "aud": CLIENT, "sub": who.subject, "iat": now, "exp": now + 600,
                                  "nonce": nonce, "email": who.email, "email_verified": True}  # fmt: skip
        if name == "microsoft":
            # what Microsoft tells of an address by itself is nothing to rely on
            claims |= {"tid": TID, "name": "Jane Smith"}
            del claims["email_verified"]
        elif name == "google":
            claims |= {"given_name": "Jane", "family_name": "Smith"}
        claims = {k: v for k, v in (claims | who.claims).items() if k not in who.drop}
        if self.sign is not None:
            return str(self.sign(claims))
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid}, claims, self.keys[0])


def _send(
    request: BaseHTTPRequestHandler, status: int, body: Any, headers: dict[str, str] | None = None
) -> None:
    request.send_response(status)
    kind = "text/html" if isinstance(body, str) else "application/json"
    for name, value in ({"Content-Type": kind} | (headers or {})).items():
        request.send_header(name, value)
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)

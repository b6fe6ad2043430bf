"""Handing a text message to a Twilio-compatible API."""

from urllib.parse import quote, unquote, urlsplit

import httpx

from webapp.kit import errors

TIMEOUT = 15  # seconds
STOPPED = 21610  # Twilio: the recipient answered STOP
NO_SUCH_NUMBER = frozenset({21211, 21214, 21614})


class Unreachable(errors.Unavailable):
    """The provider is away or busy: another attempt may help."""


class Refused(Exception):
    """The provider says no for good; `code` is the provider's own."""

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code


def send(sms_url: str, *, sender: str, to_number: str, body: str, id: str) -> str:  # noqa: A002  # its word
    """Send a text message; returns the provider's id of it. Raises Unreachable or Refused.

    `sms_url` is `https://sid:token@host[/prefix]`. `id` is the same over retries.
    """
    parts = urlsplit(sms_url)
    sid, token = unquote(parts.username or ""), unquote(parts.password or "")
    host = parts.netloc.rpartition("@")[2]
    url = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/2010-04-01/Accounts/{quote(sid, safe='')}/Messages.json"
    try:
        answer = httpx.post(
            url,
            data={"To": to_number, "From": sender, "Body": body},
            auth=(sid, token),
            headers={"Idempotency-Key": id},
            timeout=TIMEOUT,
        )
    except httpx.HTTPError as problem:
        raise Unreachable(f"The text message provider cannot be reached: {problem}") from problem
    try:
        said = answer.json()
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    if answer.is_success:
        return str(said.get("sid", ""))
    words = str(said.get("message") or f"it answered {answer.status_code}")[:300]
    if answer.status_code in (401, 403, 408, 425, 429) or answer.status_code >= 500:
        raise Unreachable(f"The text message provider asks to come again later: {words}")
    code = said.get("code")
    raise Refused(f"The text message provider refused it: {words}", code if isinstance(code, int) else 0)

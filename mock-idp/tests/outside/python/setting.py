"""What every program here needs: what it was told, a person at the sign-in page, and a look at the control wire."""

import base64
import json
import re
import sys
from contextlib import contextmanager
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

told = json.loads(sys.argv[1])


def sign_in(url, username="ann@acme.test", password="ann-mock-password"):
    """A person: opens the page, fills in its form; returns the parameters that the application is called with."""
    page = requests.get(url)
    assert page.status_code == 200, page.text
    form = {
        "transaction": re.search('name="transaction" value="([^"]+)"', page.text)[1],
        "username": username,
        "password": password,
    }
    action = urljoin(page.url, re.search('action="([^"]+)"', page.text)[1])
    answer = requests.post(action, data=form, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def control(method, path, order=None):
    """The control wire: a test's hand in the provider."""
    answer = requests.request(
        method,
        f"https://{told['control_address']}/control/{path}",
        json=order,
        headers={"authorization": f"Bearer {told['control_secret']}"},
    )
    assert answer.ok, f"{path}: {answer.status_code}"
    return answer.json() if answer.content else None


def mint(order, user="ann@acme.test", scopes=None):
    """A token as the provider would issue it, with what the order changes."""
    scopes = [told["cli"]["scope"]] if scopes is None else scopes
    like = {"user": user, "client_id": told["cli"]["id"], "scopes": scopes}
    return control("POST", "mint", {"issuer": told["issuer"], "like": like, **order})["token"]


def tampered(token):
    """The token with another subject under the same signature."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = json.dumps({**claims, "sub": "somebody-else"}).encode()
    return ".".join([header, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature])


@contextmanager
def refused(error, words=""):
    """The block must end in this error with these words."""
    try:
        yield
    except error as raised:
        assert re.search(words, str(raised)), f"refused for another reason: {raised!r}"
        return
    raise AssertionError(f"accepted what must be refused ({words or error})")

"""The API for the demo's own scripts: one keep-alive connection a caller, JSON in and out."""
import http.client
import json
import ssl
import time
import urllib.parse


class Refused(Exception):
    """An answer that is not 2xx: status and the server's sentence."""

    def __init__(self, status, problem, retry_after):
        super().__init__(f"{status}: {problem.get('detail', problem)}")
        self.status, self.problem, self.retry_after = status, problem, retry_after


class Api:
    """One person's (or nobody's) view of the server. Not shared between threads."""

    def __init__(self, url, ca_file=None, token=None):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.tls = parts.hostname, parts.port, parts.scheme == "https"
        self.context = ssl.create_default_context(cafile=ca_file) if self.tls else None
        self.token = token
        self.connection = None
        self.replies = []  # every body the server sent, when keep is on
        self.keep = False

    def _connect(self):
        if self.tls:
            self.connection = http.client.HTTPSConnection(self.host, self.port, timeout=30, context=self.context)
        else:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=30)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def raw(self, method, path, body=None, content_type="application/json"):
        """(status, headers, body bytes)."""
        headers = {"Accept-Language": "zh-CN"}
        if body is not None:
            headers["Content-Type"] = content_type
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        for last in (False, True):
            if self.connection is None:
                self._connect()
            try:
                self.connection.request(method, path, body=body, headers=headers)
                reply = self.connection.getresponse()
                data = reply.read()
                break
            except (http.client.HTTPException, OSError):
                self.close()
                if last:
                    raise
        if self.keep:
            self.replies.append(data)
        return reply.status, reply.headers, data

    def call(self, method, path, body=None, csv=None):
        """The parsed answer; retries what the server asks to be retried; Refused otherwise."""
        data = csv if csv is not None else None if body is None else json.dumps(body).encode()
        kind = "text/csv" if csv is not None else "application/json"
        for _try in range(60):
            status, headers, reply = self.raw(method, "/api/v1" + path, data, kind)
            if status not in (429, 503):
                break
            time.sleep(min(float(headers.get("Retry-After") or 1), 2.0))
        parsed = json.loads(reply) if reply else {}
        if not 200 <= status <= 299:
            raise Refused(status, parsed, headers.get("Retry-After"))
        return parsed

    def activate(self, person, code, password):
        login = self.call("POST", "/activations", {"person": person, "code": code, "new_password": password})
        self.token = login["token"]
        return login

    def login(self, person, password):
        login = self.call("POST", "/logins", {"person": person, "password": password})
        self.token = login["token"]
        return login

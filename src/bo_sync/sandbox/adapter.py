"""The sandbox as a transport of `requests`: a session that mounts it reaches the hub without a socket.

    session.mount("sandbox:", SandboxAdapter(hub))

The client's code is the same in every other respect, so what works here works over HTTP.
"""

from http.client import responses
from io import BytesIO

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3 import HTTPResponse

from bo_sync.sandbox.faults import Cut
from bo_sync.sandbox.hub import SandboxHub


class SandboxAdapter(BaseAdapter):
    """Hands each request of a session to one hub, and what the hub answers back. Owns nothing but itself."""

    def __init__(self, hub: SandboxHub) -> None:
        super().__init__()
        self._hub = hub
        self._builder = HTTPAdapter()

    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        """The hub's answer. Raises requests' ConnectionError where the hub cuts the connection.

        What else requests says (time-outs, certificates, proxies) means nothing where there is no socket.
        """
        body = request.body or b""
        try:
            answer = self._hub.answer(
                request.method or "", request.headers, body.encode() if isinstance(body, str) else bytes(body)
            )
        except Cut as err:
            raise RequestsConnectionError(
                "The sandbox ended the connection without an answer", request=request
            ) from err
        raw = HTTPResponse(
            BytesIO(answer.body),
            answer.headers,
            answer.status,
            reason=responses.get(answer.status),
            preload_content=False,
        )
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        """Ends the adapter; the hub goes on."""
        self._builder.close()

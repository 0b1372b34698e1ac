"""The sandbox as a transport of `requests`: a session that mounts it reaches the hub without a socket.

    session.mount("sandbox:", SandboxAdapter(hub))

The client's code is the same in every other respect, so what works here works over HTTP.
"""

import time
from dataclasses import replace
from http.client import responses
from io import BytesIO

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout
from urllib3 import HTTPResponse

from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.interception import AnswerCut, AnswerLate, ConnectionCut, HubAnswer


class SandboxAdapter(BaseAdapter):
    """Hands each request of a session to one hub, and what the hub answers back. Owns nothing but itself."""

    def __init__(self, hub: SandboxHub) -> None:
        super().__init__()
        self._hub = hub
        self._builder = HTTPAdapter()

    def send(self, request: PreparedRequest, *_: object, timeout: object = None, **__: object) -> Response:
        """The hub's answer. Raises requests' ConnectionError where the hub cuts the connection, and its ReadTimeout,
        without waiting, where the hub's answer would come after `timeout`.

        What else requests says (certificates, proxies) means nothing where there is no socket.
        """
        body = request.body or b""
        read = getattr(body, "read", None)
        content = read() if read is not None else body.encode() if isinstance(body, str) else bytes(body)
        try:
            answer = self._hub.answer(request.method or "", request.headers, content)
        except AnswerLate as late:
            answer = _in_time(late, request, timeout)
        except AnswerCut as cut:
            length = {"Content-Length": str(len(cut.answer.body))}
            half = cut.answer.body[: len(cut.answer.body) // 2]
            answer = replace(cut.answer, body=half, headers={**cut.answer.headers, **length})
        except ConnectionCut as err:
            raise _gone(request) from err
        return self._builder.build_response(request, _raw(answer))

    def close(self) -> None:
        """Ends the adapter; the hub goes on."""
        self._builder.close()


def _in_time(late: AnswerLate, request: PreparedRequest, timeout: object) -> HubAnswer:
    """The late answer, after its time, when whoever asks waits that long; `timeout` is as requests hands it over."""
    patience = timeout[1] if isinstance(timeout, tuple) else timeout
    if isinstance(patience, int | float) and late.seconds > patience:
        raise ReadTimeout(f"The sandbox did not answer within {patience} s", request=request) from late
    time.sleep(late.seconds)
    if late.answer is None:
        raise _gone(request) from late
    return late.answer


def _gone(request: PreparedRequest) -> RequestsConnectionError:
    return RequestsConnectionError("The sandbox ended the connection without an answer", request=request)


def _raw(answer: HubAnswer) -> HTTPResponse:
    return HTTPResponse(
        BytesIO(answer.body),
        answer.headers,
        answer.status,
        reason=responses.get(answer.status),
        preload_content=False,
    )

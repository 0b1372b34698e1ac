"""How a resolver says no: a code of the hub's, and the status of the whole answer."""


class RefusedError(Exception):
    """The hub refuses. `code` becomes `errors[].extensions.code`; `status` is that of the HTTP answer."""

    def __init__(self, code: str, message: str, *, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.extensions = {"code": code}


def bad_request(message: str) -> RefusedError:
    """An argument that the hub does not take."""
    return RefusedError("BAD_REQUEST", message)

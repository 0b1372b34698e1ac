"""What no source settles about the real hub, as choices: a client must work whichever way each of them goes."""

from dataclasses import dataclass
from enum import StrEnum


class LargePages(StrEnum):
    """What happens to a page that is larger than `max_page_size`."""

    CLAMP = "clamp"  # silently smaller; `offset` and `pages` of the answer tell the truth
    REFUSE = "refuse"


class RefusalForm(StrEnum):
    """How the hub says no to the shape of a request: in a 200 with an error, or with HTTP 400."""

    GRAPHQL_ERROR = "graphql-error"
    HTTP_400 = "http-400"


class NewUserRows(StrEnum):
    """Which role rows a new user has at once."""

    ABSENT = "absent"
    NONE = "none"  # one row a definition, with access NONE
    DEFAULT = "default"  # one row a definition, with the definition's default access


class ViewerForKey(StrEnum):
    """What `adminUserViewer` answers to an API key, which is nobody."""

    NULL = "null"
    UNAUTHENTICATED = "unauthenticated"


class OmittedGender(StrEnum):
    """The gender of a new user for whom none was sent; the schema's description can be read either way."""

    NULL = "null"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way in which the hub may behave. `max_page_size` None: any size goes."""

    max_page_size: int | None = None
    large_pages: LargePages = LargePages.CLAMP
    refusal: RefusalForm = RefusalForm.GRAPHQL_ERROR
    new_user_rows: NewUserRows = NewUserRows.ABSENT
    omitted_gender: OmittedGender = OmittedGender.NULL
    single_root_mutations: bool = False
    viewer_for_key: ViewerForKey = ViewerForKey.NULL
    introspection: bool = True

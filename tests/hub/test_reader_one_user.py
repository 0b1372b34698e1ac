"""One user is read whole, or not at all."""

import pytest

from bo_sync.core.model import Access
from bo_sync.core.text import Text
from bo_sync.errors import HubError
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.reader import read_tenant
from tests.hub.sandboxed import JANE, Trial, somebody
from tests.hub.scripted import KEY, Say, Scripted, data, errors, failed, transport_to
from tests.sandbox.asking import grant, holding, user

pytestmark = pytest.mark.timeout(10)  # a result that never comes fails a test soon


class TestOneUser:
    def test_they_are_read_with_all_their_rows(self) -> None:
        trial = Trial(holding(user(JANE, grant("pricing", "VIEWER"), grant("order", "NONE"))))
        assert sorted(row.access for row in trial.live().rows) == [Access.NONE, Access.VIEWER]
        assert trial.live() == trial.read().users[0]

    def test_nobody_there_is_none(self) -> None:
        assert Trial(holding()).hub.read_user(Text(JANE)) is None

    def test_somebody_else_in_the_answer_is_refused(self) -> None:
        with Scripted(data(adminUser=somebody(1))) as hub, pytest.raises(HubError, match="somebody else, p1@example"):
            CommerceHub(transport_to(hub.url)).read_user(Text(JANE))

    def test_more_rows_than_a_page_holds_are_all_read(self) -> None:
        rows = [grant(name, "VIEWER") for name in ("role", "order", "product", "user", "shop", "pricing", "logistics")]
        trial = Trial(holding(user(JANE, *rows)), page_size=3)
        assert len(trial.live().rows) == 7

    def test_both_rows_of_one_pair_are_read(self) -> None:
        trial = Trial(holding(user(JANE, grant("order", "VIEWER"), grant("order", "OWNER"))))
        assert sorted(row.access for row in trial.read().users[0].rows) == [Access.VIEWER, Access.OWNER]


@pytest.mark.parametrize(
    ("said", "tenant"),
    [
        pytest.param(data(tenant={"id": "acme"}), Text("acme"), id="the hub names it"),
        pytest.param(data(tenant={"id": f"acme {KEY}"}), Text("acme [secret]"), id="with the key in it"),
        pytest.param(data(tenant=None), None, id="the hub has none"),
        pytest.param(data(tenant={"name": "acme"}), None, id="it has no id"),
        pytest.param(data(tenant="acme"), None, id="it is not an object"),
        pytest.param(failed("FORBIDDEN", "tenant"), None, id="the key may not read it"),
        pytest.param(
            errors("INTERNAL_SERVER_ERROR", path="tenant", data={"tenant": {"id": "acme"}}),
            None,
            id="an error beside it",
        ),
        pytest.param(errors("BAD_USER_INPUT"), None, id="an error without data"),
    ],
)
def test_the_tenant_is_known_or_none_and_never_an_error(said: Say, tenant: Text | None) -> None:
    with Scripted(said) as hub:
        assert read_tenant(transport_to(hub.url)) == tenant
    assert [heard.operation for heard in hub.heard] == ["tenant"]

import csv
import json

from click.testing import CliRunner

from cityops.db import Database
from cityops.errors import NotFound
from cityops.rehearsal.cli import diff
from cityops.shell import Shell
from tests import factories
from tests.catalog.drafting import CONDITION, begin, changed, put


def test_the_difference_is_csv_or_json_with_the_open_cases(shell: Shell, small_city: Database):
    with small_city.transaction() as session:
        people = factories.People(session)
        factories.make_report(session, people.inspector, condition="C01037-1")
        draft_id = begin(session)
        put(session, draft_id, changed(session, draft_id, (CONDITION, "C01037-1"), limit_value="3"))
    result = CliRunner().invoke(diff, [], obj=shell)
    assert list(csv.DictReader(result.stdout.splitlines())) == [
        {"act": "changed", "kind": "condition", "key": "C01037-1", "field": "limit_value", "before": "2", "after": "3"}
    ]
    assert "1 entries differ; open cases under them: 0 filed, 1 not yet" in result.stderr
    answer = json.loads(CliRunner().invoke(diff, ["--json"], obj=shell).stdout)
    assert answer["open_cases"] == [{"key": "C01037-1", "ends": False, "filed": 0, "unfiled": 1}]
    assert answer["changes"][0]["after"] == "3"


def test_without_a_draft_or_with_an_unknown_standard_it_says_so(shell: Shell):
    for arguments in ([], ["--standard", "GB/T 0"]):
        result = CliRunner().invoke(diff, arguments, obj=shell)
        assert isinstance(result.exception, NotFound)
        assert result.stdout == ""

import pytest

from cityops.db import Database
from cityops.grid import services, summary
from cityops.grid.records import GridData
from tests import factories
from tests.grid.meshes import make_mesh

MESH = make_mesh(25)
POINT = MESH.cells[0].boundary.representative_point()


def test_a_street_is_told_by_its_cells_components_and_share_in_cells(db: Database) -> None:
    with db.transaction() as session:
        services.load_grid(session, MESH)
        factories.add_component(session, "33020101037000001", (POINT.x, POINT.y))
        factories.add_component(session, "33020101037000002", (120.0, 29.0))
    with db.reading() as session:
        (street,) = summary.list_streets(session)
        assert (street.code, street.cells, street.components) == ("330201001", 25, 1)
        assert street.share_in_cells == pytest.approx(1.0)
        assert summary.count_components_outside(session) == 1


def test_a_street_without_cells_is_covered_by_nothing(db: Database) -> None:
    with db.transaction() as session:
        services.load_grid(session, GridData(MESH.areas))
    with db.reading() as session:
        assert [(street.cells, street.share_in_cells) for street in summary.list_streets(session)] == [(0, 0.0)]

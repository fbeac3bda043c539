"""The landmarks of an older database go on in the gazetteer, and come back."""

import shapely
from sqlalchemy import text

from cityops import schema
from cityops.clock import today
from cityops.db import Database
from cityops.grid.addresses.queries import search
from cityops.grid.geometry import quad

BEFORE, LON, LAT = "0040", 121.55, 29.87
AROUND = shapely.box(LON - 0.001, LAT - 0.001, LON + 0.001, LAT + 0.001).wkb


def test_landmarks_and_areas_of_an_older_database_are_found_by_their_sound(empty_db_url: str) -> None:
    schema.upgrade(empty_db_url, BEFORE)
    mark = {"name": "重庆大厦", "kind": "cbd", "lon": LON, "lat": LAT, "quad": quad(LON, LAT)}
    area = {
        "code": "330203001001",
        "name": "天一社区",
        "name_en": "Tianyi Community",
        "boundary": AROUND,
        "on": today(),
    }
    with schema.migration_engine(empty_db_url).begin() as connection:
        connection.execute(
            text("INSERT INTO landmarks (name, kind, lon, lat, quad) VALUES (:name, :kind, :lon, :lat, :quad)"), mark
        )
        connection.execute(
            text(
                "INSERT INTO areas (code, name, name_en, level, boundary, area_m2, valid_from_on)"
                " VALUES (:code, :name, :name_en, 'community', :boundary, 1.0, :on)"
            ),
            area,
        )
        connection.execute(
            text(
                "INSERT INTO cells (code, area_code, boundary, area_m2, grid_tier, area_level, revision, initial_on)"
                " VALUES ('330203001001001', :code, :boundary, 1.0, 1, 1, 1, :on)"
            ),
            area,
        )
    schema.upgrade(empty_db_url)
    database = Database(empty_db_url)
    with database.reading() as session:
        tower, community = search(session, "cqds")[0], search(session, "tianyi")[0]
    database.dispose()
    assert (tower.name, tower.category, tower.area_code) == ("重庆大厦", "cbd", "330203001001")
    assert (community.name, community.category, community.note) == ("天一社区", "community", "")
    schema.downgrade(empty_db_url, BEFORE)
    with schema.migration_engine(empty_db_url).connect() as connection:
        assert connection.execute(text("SELECT name, kind, lon, lat, quad FROM landmarks")).one()._asdict() == mark

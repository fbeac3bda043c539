from shapely import LineString, MultiLineString

from cityops.grid.addresses.crossings import meeting_points


def test_roads_meet_where_their_courses_cross() -> None:
    along, across = LineString([(121.5, 29.87), (121.6, 29.87)]), LineString([(121.55, 29.8), (121.55, 29.9)])
    ((lon, lat),) = meeting_points(along, across)
    assert (round(lon, 4), round(lat, 4)) == (121.55, 29.87)


def test_two_carriageways_meet_in_one_crossing() -> None:
    along = MultiLineString([[(121.5, lat), (121.6, lat)] for lat in (29.87, 29.8702)])
    across = MultiLineString([[(lon, 29.8), (lon, 29.9)] for lon in (121.55, 121.5502)])
    assert len(meeting_points(along, across)) == 1


def test_a_road_that_ends_just_before_another_meets_it() -> None:
    along, near = LineString([(121.5, 29.87), (121.6, 29.87)]), LineString([(121.55, 29.8701), (121.55, 29.9)])
    assert len(meeting_points(along, near)) == 1


def test_roads_that_lie_apart_meet_nowhere() -> None:
    along, apart = LineString([(121.5, 29.87), (121.6, 29.87)]), LineString([(121.55, 29.8705), (121.55, 29.9)])
    assert meeting_points(along, apart) == []


def test_a_road_may_cross_another_twice() -> None:
    bent = LineString([(121.52, 29.86), (121.52, 29.88), (121.56, 29.88), (121.56, 29.86)])
    assert len(meeting_points(LineString([(121.5, 29.87), (121.6, 29.87)]), bent)) == 2

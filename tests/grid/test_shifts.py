"""The shifts of Chinese web maps, against published vectors and against themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityops.errors import Invalid
from cityops.grid import shifts
from cityops.grid.geometry import distance_m

LON, LAT = st.floats(75.0, 134.0), st.floats(4.0, 53.0)

# lon, lat in WGS84, then in GCJ-02: the vectors of googollee/eviltransform.
GCJ02_VECTORS = [
    (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
    (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
    (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
]
# lon, lat in GCJ-02, then in BD-09: the vector of wandergis/coordtransform.
BD09_VECTOR = ((116.404, 39.915), (116.41036949371029, 39.92133699351021))


@pytest.mark.parametrize(("lon", "lat", "lon_gcj02", "lat_gcj02"), GCJ02_VECTORS)
def test_a_point_is_shifted_as_published(lon: float, lat: float, lon_gcj02: float, lat_gcj02: float) -> None:
    assert distance_m(lon_gcj02, lat_gcj02, *map(float, shifts.wgs84_to_gcj02(lon, lat))) < 0.02
    assert distance_m(lon, lat, *shifts.from_crs(lon_gcj02, lat_gcj02, "gcj02")) < 0.02


def test_a_point_is_shifted_again_as_baidu_does() -> None:
    point, expected = BD09_VECTOR
    assert shifts.gcj02_to_bd09(*point) == pytest.approx(expected, abs=1e-12)


@given(LON, LAT, st.sampled_from(["gcj02", "bd09"]))
def test_a_shift_is_undone_to_less_than_a_millimetre(lon: float, lat: float, crs: str) -> None:
    shift = shifts.wgs84_to_gcj02 if crs == "gcj02" else shifts.wgs84_to_bd09
    shifted = [float(number) for number in shift(lon, lat)]
    assert 50 < distance_m(lon, lat, *shifted) < 2_500
    assert distance_m(lon, lat, *shifts.from_crs(*shifted, crs)) < 0.001


def test_many_points_go_as_each_alone() -> None:
    points = np.array([[lon_gcj02, lat_gcj02] for _, _, lon_gcj02, lat_gcj02 in GCJ02_VECTORS])
    together = shifts.to_wgs84(points, "gcj02").tolist()
    assert together == [list(shifts.from_crs(lon, lat, "gcj02")) for lon, lat in points.tolist()]


def test_another_coordinate_system_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        shifts.from_crs(121.55, 29.87, "beijing54")
    assert refusal.value.field == "crs"

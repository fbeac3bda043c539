"""A base map under our own, where the city sets one: a style of its own server, or the tiles of 天地图 (Tianditu).

Off by default: then no page asks any other server. What is set opens the pages for this one origin and no other.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from cityops.errors import BadSetting
from cityops.words import N_

TIANDITU_ORIGIN = "https://t0.tianditu.gov.cn"
TIANDITU_CREDIT = "天地图"
# The ground and, above it, its names; in Web Mercator on CGCS2000, which is WGS84 to a few centimetres: no shift.
TIANDITU_LAYERS = ("vec", "cva")


@dataclass(frozen=True)
class BaseMap:
    """What lies under our map: a MapLibre style by its address, or layers of raster tiles, the lowest first.

    Attributes:
        origin: the one server that the pages ask.
        credit: whose map it is, where the style does not say so itself.
    """

    origin: str
    style: str | None = None
    tiles: tuple[str, ...] = ()
    credit: str = ""

    @property
    def told(self) -> dict[str, object]:
        """As map-base.js reads it."""
        return {"style": self.style} if self.style else {"tiles": self.tiles, "credit": self.credit}


def read_base_map(style: str, key: str) -> BaseMap | None:
    """The base map of the settings, a style's address or a key of 天地图, empty where they are not set.

    Raises:
        BadSetting: one sentence about what is wrong.
    """
    if style and key:
        raise BadSetting(N_("CITYOPS_BASE_MAP_STYLE and CITYOPS_TIANDITU_KEY are both set: choose one base map."))
    if style:
        return BaseMap(_origin_of(style), style=style)
    if not key:
        return None
    if not key.isascii() or not key.isalnum() or len(key) > 64:
        raise BadSetting(N_("CITYOPS_TIANDITU_KEY is no key of 天地图: it has letters and digits alone."))
    return BaseMap(
        TIANDITU_ORIGIN, tiles=tuple(_tianditu(layer, key) for layer in TIANDITU_LAYERS), credit=TIANDITU_CREDIT
    )


def _origin_of(address: str) -> str:
    """The scheme, host and port of an address, in letters that a header can hold."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    is_plain = address.isascii() and address.isprintable() and not set(address) & set(" ;,'\"<>\\")
    if parts.scheme not in {"http", "https"} or not host or parts.username or not is_plain:
        raise BadSetting(
            N_("CITYOPS_BASE_MAP_STYLE is no address of a map style: write https://host/style.json, or leave it empty.")
        )
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"


def _tianditu(layer: str, key: str) -> str:
    asked = "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    place = "TILEMATRIX={z}&TILEROW={y}&TILECOL={x}"
    return f"{TIANDITU_ORIGIN}/{layer}_w/wmts?{asked}&LAYER={layer}&{place}&tk={key}"

"""A handful of drawn pictures for simulated cases: each is marked 示意 (illustrative), none shows a real place."""

from collections.abc import Callable
from enum import StrEnum
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from cityops.cases import attachments
from cityops.cases.attachments import Photo
from cityops.cases.models import AttachmentKind
from cityops.simulation.facts import Condition

SIZE = (960, 720)
SKY, GROUND, DARK, PALE = (200, 216, 228), (138, 140, 138), (58, 62, 66), (232, 232, 226)
RED = (190, 60, 50)

# Pillow brings no Chinese font: the two characters are strokes on a square of 10 by 10.
SHI = (((2, 1), (8, 1)), ((0.5, 4), (9.5, 4)), ((5, 4), (5, 9), (4, 8.4)), ((3, 5.5), (1, 8)), ((7, 5.5), (9, 8)))
YI = (
    ((5, 0), (5, 0.9)), ((1.5, 1.1), (8.5, 1.1)), ((3.4, 1.6), (3.8, 2.5)), ((6.6, 1.6), (6.2, 2.5)),
    ((0.5, 2.9), (9.5, 2.9)), ((2.6, 3.8), (2.6, 6.4)), ((2.6, 3.8), (7.4, 3.8), (7.4, 6.4)), ((2.6, 5.1), (7.4, 5.1)),
    ((2.6, 6.4), (7.4, 6.4)), ((1.6, 7.4), (1, 9)), ((3.2, 7.3), (3.4, 9), (7, 9.2), (7.2, 8.4)),
    ((5, 7), (5.6, 7.9)), ((7.8, 7.2), (8.8, 8.6)),
)  # fmt: skip

Draw = ImageDraw.ImageDraw


class Look(StrEnum):
    """How a thing is drawn: at fault, as it should be with a ring around it, or put right; or behind a barrier.

    The ring is for the faults that the drawing does not show; the barrier is what a co-handler has put up.
    """

    FAULTY = "faulty"
    RINGED = "ringed"
    RIGHT = "right"
    GUARDED = "guarded"
    GUARDED_RIGHT = "guarded_right"


class Album:
    """The stored pictures: by what they show, and how."""

    def __init__(self, folder: Path) -> None:
        self._photos = {
            (subject, look): _stored(folder, draw, look) for subject, draw in SUBJECTS.items() for look in Look
        }

    def photo(self, condition: Condition, kind: AttachmentKind) -> Photo:
        """The picture for a case of this condition."""
        subject = _subject(condition)
        if kind in {AttachmentKind.AFTER, AttachmentKind.CHECK}:
            return self._photos[subject, Look.RIGHT]
        return self._photos[subject, Look.FAULTY if _is_drawn(subject, condition) else Look.RINGED]

    def photo_beside(self, condition: Condition, *, is_right: bool) -> Photo:
        """A co-handler's picture; `is_right` where the lead has put the fault right by then."""
        subject = _subject(condition)
        is_faulty = _is_drawn(subject, condition) and not is_right
        return self._photos[subject, Look.GUARDED if is_faulty else Look.GUARDED_RIGHT]


def _subject(condition: Condition) -> str:
    """What is drawn for a class; a marked spot for all that has no drawing of its own."""
    for subject, words in WORDS_OF.items():
        if any(word in condition.class_name for word in words):
            return subject
    return "spot"


def _is_drawn(subject: str, condition: Condition) -> bool:
    """Whether the drawing shows the fault of this condition."""
    return any(word in condition.text for word in DRAWN_FAULTS.get(subject, ()))


def _stored(folder: Path, subject: Callable[[Draw, bool], None], look: Look) -> Photo:
    image = Image.new("RGB", SIZE, SKY)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 420, 960, 720), fill=GROUND)
    draw.line((0, 420, 960, 420), fill=DARK, width=3)
    subject(draw, look not in {Look.FAULTY, Look.GUARDED})
    if look is Look.RINGED:
        draw.ellipse((230, 330, 710, 670), outline=RED, width=8)
    if look in {Look.GUARDED, Look.GUARDED_RIGHT}:
        _barrier(draw)
    for strokes, left in ((SHI, 800), (YI, 872)):
        for stroke in strokes:
            draw.line([(left + 6 * x, 640 + 6 * y) for x, y in stroke], fill=PALE, width=5)
    data = BytesIO()
    image.save(data, "JPEG", quality=82)
    data.seek(0)
    photo = attachments.store(folder, data)
    attachments.make_thumbnail(folder, photo.sha256)
    return photo


def _barrier(draw: Draw) -> None:
    for x in (70, 400, 730):
        draw.line((x, 560, x, 715), fill=DARK, width=12)
    for top in (575, 630):
        draw.rectangle((40, top, 760, top + 34), fill=PALE, outline=DARK, width=3)
        for left in range(70, 690, 120):
            draw.polygon(((left + 24, top), (left + 72, top), (left + 48, top + 34), (left, top + 34)), fill=RED)


def _lamp(draw: Draw, is_after: bool) -> None:
    draw.line((300, 560, 300, 120, 430, 90), fill=DARK, width=14)
    draw.ellipse((415, 75, 500, 125), fill=(255, 226, 120) if is_after else DARK)
    if is_after:
        draw.polygon(((420, 125), (495, 125), (640, 560), (280, 560)), fill=(226, 222, 190))
    draw.line((300, 560, 300, 120), fill=DARK, width=14)


def _cover(draw: Draw, is_after: bool) -> None:
    draw.ellipse((310, 500, 610, 650), fill=(20, 20, 20), outline=DARK, width=10)
    offset = (0, 0) if is_after else (130, -30)
    box = (320 + offset[0], 505 + offset[1], 600 + offset[0], 642 + offset[1])
    draw.ellipse(box, fill=(96, 100, 102), outline=DARK, width=6)
    for k in range(1, 5):
        y = box[1] + 27 * k
        draw.line((box[0] + 50, y, box[2] - 50, y), fill=DARK, width=4)


def _tree(draw: Draw, is_after: bool) -> None:
    draw.line((460, 580, 460, 300), fill=(96, 70, 48), width=30)
    draw.ellipse((300, 90, 620, 350), fill=(86, 128, 76))
    if not is_after:
        draw.line((450, 330, 690, 520), fill=(96, 70, 48), width=18)
        draw.ellipse((620, 460, 800, 590), fill=(120, 120, 60))


def _railing(draw: Draw, is_after: bool) -> None:
    for x in range(60, 960, 150):
        draw.polygon(((x, 600), (x + 80, 600), (x + 70, 640), (x - 10, 640)), fill=PALE)
    lean = 0 if is_after else 70
    for x in range(160, 800, 110):
        bent = lean if 300 < x < 640 else 0
        draw.line((x, 540, x + bent, 400 + bent), fill=DARK, width=12)
    if is_after:
        draw.line((160, 430, 800, 430), fill=DARK, width=8)


def _rubbish(draw: Draw, is_after: bool) -> None:
    draw.rectangle((150, 380, 260, 560), fill=(70, 110, 84), outline=DARK, width=5)
    if is_after:
        return
    for x, y, size in ((320, 520, 90), (400, 500, 120), (510, 530, 80), (450, 460, 70), (580, 545, 60)):
        draw.ellipse((x, y, x + size, y + size * 0.7), fill=(48, 52, 58), outline=(20, 22, 24), width=4)
    draw.polygon(((620, 600), (720, 570), (700, 630)), fill=(180, 150, 110))


def _bin(draw: Draw, is_after: bool) -> None:
    if is_after:
        draw.rectangle((380, 350, 560, 600), fill=(70, 110, 84), outline=DARK, width=6)
        draw.rectangle((365, 320, 575, 360), fill=(58, 92, 70), outline=DARK, width=6)
    else:
        draw.rectangle((330, 440, 580, 620), fill=(70, 110, 84), outline=DARK, width=6)
        draw.rectangle((570, 425, 610, 635), fill=(58, 92, 70), outline=DARK, width=6)


def _bicycles(draw: Draw, is_after: bool) -> None:
    for number in range(5):
        left = 130 + number * 140
        top = 440 if is_after else 430 + (number * 53) % 110
        tilt = 0 if is_after else (number * 37) % 60 - 30
        for x in (left, left + 80):
            draw.ellipse((x, top + 40, x + 60, top + 100), outline=DARK, width=6)
        draw.line((left + 30, top + 70, left + 70, top + tilt / 2, left + 110, top + 70), fill=DARK, width=6)
        draw.line((left + 70, top + tilt / 2, left + 60, top - 15 + tilt / 2), fill=DARK, width=6)


def _spot(draw: Draw, _is_after: bool) -> None:
    for y in range(460, 720, 52):
        draw.line((0, y, 960, y), fill=PALE, width=2)
    for x in range(40, 960, 110):
        draw.line((x, 420, x - 60, 720), fill=PALE, width=2)


SUBJECTS: dict[str, Callable[[Draw, bool], None]] = {
    "bicycles": _bicycles,
    "bin": _bin,
    "cover": _cover,
    "lamp": _lamp,
    "railing": _railing,
    "rubbish": _rubbish,
    "spot": _spot,
    "tree": _tree,
}

WORDS_OF: dict[str, tuple[str, ...]] = {
    "cover": ("井盖", "箅子"),
    "lamp": ("路灯", "景观灯", "地灯"),
    "railing": ("护栏",),
    "tree": ("行道树", "古树", "绿地", "绿化"),
    "bicycles": ("非机动车", "自行车", "单车"),
    "bin": ("垃圾箱", "果皮箱"),
    "rubbish": ("垃圾", "渣土"),
}

DRAWN_FAULTS: dict[str, tuple[str, ...]] = {
    "bicycles": ("无序停放",),
    "bin": ("翻倒",),
    "cover": ("缺失或移位",),
    "lamp": ("灯不亮",),
    "railing": ("移位、倒伏", "歪斜或倒伏"),
    "rubbish": ("成堆", "积压", "长期堆放", "满溢"),
    "tree": ("断枝", "大枝断裂"),
}
"""The faults that a drawing shows, by the words of the conditions."""

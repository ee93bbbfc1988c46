"""Submissions with one fault each, by name; the texts that they earn are in `data/problems/`."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.protocols.contract import Task
from lvos_eval.submission.archive_checks import SIZE_LIMIT
from lvos_eval.submission.palettes import PALETTES
from raw_pngs import ihdr, raw_png
from submissions import FRAMES, HEIGHT, OBJECTS, WIDTH, Files, Labels, good_files, labels, png, write_folder, write_zip

Build: TypeAlias = Callable[[Path], Path]
"""Makes a submission in a folder that is there and empty, and returns its path."""

BUILDERS: Final[dict[str, Build]] = {}

VIDEO: Final = "aVideo01"
SINGLE: Final = "bVideo02"


def _case(build: Build) -> Build:
    BUILDERS[build.__name__.replace("_", "-")] = build
    return build


def names(video: str) -> list[str]:
    """The paths of a video's masks."""
    return [f"{video}/{frame:08d}.png" for frame in FRAMES]


def redrawn(video: str, draw: Callable[[Labels], bytes], files: Files | None = None) -> Files:
    """The files with every mask of a video saved by `draw`."""
    return (files or good_files()) | {f"{video}/{frame:08d}.png": draw(labels(video, frame)) for frame in FRAMES}


def renamed(video: str, name: Callable[[int, int], str], files: Files | None = None) -> Files:
    """The files with every mask of a video called `name(position, frame)`."""
    files = files or good_files()
    moved = {f"{video}/{name(position, frame)}": files.pop(f"{video}/{frame:08d}.png") for position, frame in enumerate(FRAMES)}
    return files | moved


def by_object(folder: str, value: int) -> Files:
    """A mask of 0 and `value` for each object and frame, in a folder made of the video, the id and its place among the ids."""
    return {
        f"{folder.format(video=video, id=object_id, place=place)}{frame:08d}.png": png(
            (labels(video, frame) == object_id) * np.uint8(value)
        )
        for video, ids in OBJECTS.items()
        for place, object_id in enumerate(ids)
        for frame in FRAMES
    }


def palette_image(array: Labels, palette: int = 0) -> Image.Image:
    """A label map with the colours of a known palette."""
    image = Image.fromarray(array)
    flat = [0] * 768
    for object_id, colour in PALETTES[palette].colours.items():
        flat[3 * object_id : 3 * object_id + 3] = colour
    image.putpalette(flat)
    return image


def png_of(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def read_by_opencv(array: Labels, flag: int) -> NDArray[Any]:
    """A palette image as `cv2.imread` gives it."""
    return np.asarray(cv2.imdecode(np.frombuffer(png_of(palette_image(array)), np.uint8), flag))


def with_edges(array: Labels, *values: int) -> Labels:
    """A few pixels of other labels, as a smooth resize leaves them."""
    array = array.copy()
    array[20, 1 : 1 + len(values)] = values
    return array


def claimed(width: int, height: int) -> bytes:
    """A PNG that claims to be large."""
    return raw_png([ihdr(width, height), (b"IDAT", zlib.compress(bytes(1000)))])


def patched(path: Path, change: Callable[[bytearray], None]) -> Path:
    """The file with bytes changed."""
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def zip_of(folder: Path, files: Files | None = None) -> Path:
    return write_zip(folder / "masks.zip", files or good_files())


# what is not a zip, or one that must not be read


@_case
def a_tar_gz(folder: Path) -> Path:
    (folder / "masks.zip").write_bytes(b"\x1f\x8b\x08\0" + bytes(100))
    return folder / "masks.zip"


@_case
def an_empty_file(folder: Path) -> Path:
    (folder / "masks.zip").touch()
    return folder / "masks.zip"


@_case
def a_text_file(folder: Path) -> Path:
    (folder / "masks.txt").write_text("see attachment\n")
    return folder / "masks.txt"


@_case
def encrypted(folder: Path) -> Path:
    def set_flag(content: bytearray) -> None:
        position = content.find(b"PK\x01\x02")
        content[position + 8] |= 1

    return patched(zip_of(folder), set_flag)


@_case
def bzip2_members(folder: Path) -> Path:
    return write_zip(folder / "masks.zip", good_files(), zipfile.ZIP_BZIP2)


@_case
def a_split_zip(folder: Path) -> Path:
    def set_disk(content: bytearray) -> None:
        content[content.rfind(b"PK\x05\x06") + 4] = 1

    return patched(zip_of(folder), set_disk)


@_case
def an_upload_that_broke_off(folder: Path) -> Path:
    path = zip_of(folder)
    path.write_bytes(path.read_bytes()[:-2000])
    return path


@_case
def a_damaged_directory(folder: Path) -> Path:
    def damage(content: bytearray) -> None:
        content[content.find(b"PK\x01\x02", content.find(b"PK\x01\x02") + 4)] = 0

    return patched(zip_of(folder), damage)


@_case
def a_wrong_member_count(folder: Path) -> Path:
    def miscount(content: bytearray) -> None:
        content[content.rfind(b"PK\x05\x06") + 10] += 1

    return patched(zip_of(folder), miscount)


@_case
def a_name_that_is_not_utf8(folder: Path) -> Path:
    path = zip_of(folder, good_files() | {"aVideo01/\N{LATIN SMALL LETTER E WITH ACUTE}.txt": b"x"})
    return patched(path, lambda content: content.__setitem__(slice(None), content.replace(b"\xc3\xa9", b"\xe9\xe9")))


@_case
def damaged_members(folder: Path) -> Path:
    def damage(content: bytearray) -> None:
        for name in names(VIDEO)[3:5]:
            content[content.find(name.encode()) + len(name) + 20] ^= 0x55

    return patched(write_zip(folder / "masks.zip", good_files(), zipfile.ZIP_STORED), damage)


@_case
def overlapping_members(folder: Path) -> Path:
    def overlap(content: bytearray) -> None:
        first = content.find(b"PK\x01\x02")
        second = content.find(b"PK\x01\x02", first + 4)
        content[second + 42 : second + 46] = content[first + 42 : first + 46]

    return patched(zip_of(folder), overlap)


def _named(folder: Path, *extra: str) -> Path:
    return zip_of(folder, good_files() | dict.fromkeys(extra, b"x"))


@_case
def absolute_paths(folder: Path) -> Path:
    return _named(folder, "/etc/passwd", "C:/masks/1.png")


@_case
def paths_that_climb(folder: Path) -> Path:
    return _named(folder, "../../ref/test_meta.json")


@_case
def backslashes(folder: Path) -> Path:
    return zip_of(folder, {name.replace("/", "\\"): content for name, content in good_files().items()})


@_case
def a_folder_unpacked_from_backslashes(folder: Path) -> Path:
    """What a platform on Linux makes of such a zip."""
    with zipfile.ZipFile(backslashes(folder)) as archive:
        archive.extractall(folder / "unpacked")
    (folder / "unpacked" / f"{VIDEO}\\").touch()
    return folder / "unpacked"


@_case
def links_in_a_zip(folder: Path) -> Path:
    path = zip_of(folder)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("aVideo01/link.png")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "../ref/Annotations/aVideo01/00000006.png")
    return path


@_case
def a_nul_in_a_name(folder: Path) -> Path:
    return patched(
        _named(folder, "aVideo01/x!y.txt"), lambda content: content.__setitem__(slice(None), content.replace(b"x!y", b"x\0y"))
    )


@_case
def a_long_path(folder: Path) -> Path:
    return _named(folder, "a/" * 40 + "b.png")


@_case
def links_in_a_folder(folder: Path) -> Path:
    write_folder(folder / "masks", good_files())
    (folder / "masks" / VIDEO / "00000006.png").unlink()
    (folder / "masks" / VIDEO / "00000006.png").symlink_to("/etc/hostname")
    return folder / "masks"


@_case
def the_same_path_twice(folder: Path) -> Path:
    path = zip_of(folder)
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr(names(VIDEO)[2], b"x")
    return path


@_case
def names_in_other_capitals(folder: Path) -> Path:
    return zip_of(folder, good_files() | {f"{VIDEO}/00000006.PNG": b"x", f"{VIDEO.lower()}/00000011.png": b"x"})


@_case
def paths_that_are_one_when_unpacked(folder: Path) -> Path:
    return zip_of(folder, good_files() | {f"./{name}": b"x" for name in names(VIDEO)[:2]} | {SINGLE: b"x"})


@_case
def a_zip_in_the_comment(folder: Path) -> Path:
    path = zip_of(folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\x05\x06" + bytes(18)
    return path


@_case
def a_file_of_the_platform(folder: Path) -> Path:
    return zip_of(folder, good_files() | {"metadata": b"x"})


def ten_gigabytes_of_zeros() -> bytes:
    """A deflate stream of 10 MB; blocks after a full flush stand for themselves, so that one can be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (10 << 10) + packer.flush()


@_case
def zeros_in_one_member(folder: Path) -> Path:
    return write_claiming_zip(folder / "masks.zip", [(f"{VIDEO}/00000006.png", ten_gigabytes_of_zeros(), 10 << 30)])


@_case
def a_member_that_unpacks_to_more_than_it_says(folder: Path) -> Path:
    return write_claiming_zip(folder / "masks.zip", [(f"{VIDEO}/00000006.png", ten_gigabytes_of_zeros(), 3120)])


@_case
def zeros_in_many_members(folder: Path) -> Path:
    """Ten gigabytes of zeros in members that are each within the limit on one of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(16 << 20)) + packer.flush()
    return write_claiming_zip(folder / "masks.zip", [(f"aVideo01/{n:08d}.png", packed, 16 << 20) for n in range(640)])


@_case
def a_dense_member(folder: Path) -> Path:
    return zip_of(folder, good_files() | {f"{VIDEO}/00000006.png": bytes(17 << 20)})


@_case
def ten_million_members(folder: Path) -> Path:
    """A directory that claims more entries than are read."""
    path = folder / "masks.zip"
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10_000_000, 10_000_000, 460_000_000, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 460_000_000, 1)
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(460_000_000)
        file.seek(460_000_000)
        file.write(record + locator + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    return path


def write_claiming_zip(path: Path, members: list[tuple[str, bytes, int]]) -> Path:
    """A zip of (name, packed bytes, claimed unpacked size), with 64-bit sizes where needed and a count that wraps at 65,536."""
    directory = []
    with path.open("wb") as file:
        for name, packed, size in members:
            raw = name.encode()
            offset = file.tell()
            extra = struct.pack("<2HQ", 1, 8, size) if size > 0xFFFFFFFE else b""
            short = min(size, 0xFFFFFFFF)
            file.write(
                struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, 8, 0, 33, 0, len(packed), short, len(raw), 0) + raw + packed
            )
            fields = (45, 45, 0, 8, 0, 33, 0, len(packed), short, len(raw), len(extra), 0, 0, 0, 0, offset)
            directory.append(struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *fields) + raw + extra)
        start = file.tell()
        file.write(b"".join(directory))
        size = file.tell() - start
        file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(members) & 0xFFFF, len(members) & 0xFFFF, size, start, 0))
    return path


@_case
def a_large_upload(folder: Path) -> Path:
    """Padded in front, as a self-extracting zip is; the file has a hole there and takes no space."""
    content = zip_of(folder).read_bytes()
    with (folder / "large.zip").open("wb") as file:
        file.seek(SIZE_LIMIT)
        file.write(content)
    return folder / "large.zip"


# names


@_case
def no_videos_at_all(folder: Path) -> Path:
    return zip_of(folder, {f"{frame:08d}.png": b"x" for frame in FRAMES} | {"readme.txt": b"x"})


@_case
def an_empty_folder(folder: Path) -> Path:
    return folder


@_case
def a_zip_in_a_zip(folder: Path) -> Path:
    inner = zip_of(folder).read_bytes()
    return write_zip(folder / "outer.zip", {"masks.zip": inner})


@_case
def three_folders_too_many(folder: Path) -> Path:
    return zip_of(folder, {f"home/me/results/{name}": content for name, content in good_files().items()})


@_case
def ids_in_other_capitals(folder: Path) -> Path:
    return zip_of(folder, {name.lower(): content for name, content in good_files().items()})


@_case
def a_missing_video(folder: Path) -> Path:
    return zip_of(folder, {name: content for name, content in good_files().items() if VIDEO not in name})


@_case
def a_video_in_other_capitals(folder: Path) -> Path:
    return zip_of(folder, {name.replace(VIDEO, VIDEO.upper()): content for name, content in good_files().items()})


@_case
def a_video_elsewhere(folder: Path) -> Path:
    return zip_of(folder, {("part2/" if VIDEO in name else "part1/") + name: content for name, content in good_files().items()})


@_case
def one_missing_frame(folder: Path) -> Path:
    files = good_files()
    del files[names(VIDEO)[4]]
    return zip_of(folder, files)


@_case
def missing_frames(folder: Path) -> Path:
    return zip_of(
        folder, {name: content for name, content in good_files().items() if name not in names(VIDEO)[1:4] + names(VIDEO)[6:7]}
    )


@_case
def jpegs(folder: Path) -> Path:
    return zip_of(folder, renamed(VIDEO, lambda _, frame: f"{frame:08d}.jpg"))


@_case
def numbered_from_0(folder: Path) -> Path:
    return zip_of(folder, renamed(VIDEO, lambda position, _: f"{position:08d}.png"))


@_case
def numbered_from_1(folder: Path) -> Path:
    return zip_of(folder, renamed(VIDEO, lambda position, _: f"{position + 1:08d}.png"))


@_case
def frames_off_by_one(folder: Path) -> Path:
    return zip_of(folder, renamed(VIDEO, lambda _, frame: f"{frame - 1:08d}.png"))


@_case
def five_digits(folder: Path) -> Path:
    return zip_of(folder, renamed(VIDEO, lambda _, frame: f"{frame:05d}.png"))


@_case
def five_digits_and_one_missing(folder: Path) -> Path:
    files = renamed(VIDEO, lambda _, frame: f"{frame:05d}.png")
    del files[f"{VIDEO}/00026.png"]
    return zip_of(folder, files)


@_case
def numbered_from_0_and_one_missing(folder: Path) -> Path:
    """The first picture may have been left out, or the last one."""
    files = good_files()
    for video in OBJECTS:
        files = renamed(video, lambda position, _: f"{position:05d}.png", files)
        del files[f"{video}/{len(FRAMES) - 1:05d}.png"]
    return zip_of(folder, files)


@_case
def every_frame_from_0(folder: Path) -> Path:
    """A tracker that ran on all pictures and numbered them."""
    masks = {
        f"{video}/{frame - 1:05d}.png": png(labels(video, FRAMES[(frame - 1) // 5]))
        for video in OBJECTS
        for frame in range(FRAMES[0], FRAMES[-1] + 1)
    }
    return zip_of(folder, masks)


@_case
def every_frame_from_0_in_eight_digits(folder: Path) -> Path:
    mask = png(labels(SINGLE, 1))
    return zip_of(folder, good_files() | {f"{SINGLE}/{frame:08d}.png": mask for frame in range(FRAMES[-1])})


@_case
def five_digits_and_one_too_many(folder: Path) -> Path:
    files = renamed(VIDEO, lambda _, frame: f"{frame:05d}.png")
    return zip_of(folder, files | {f"{VIDEO}/00056.png": png(labels(VIDEO, 51))})


@_case
def a_folder_for_each_object(folder: Path) -> Path:
    return zip_of(folder, by_object("{video}/{id:03d}/", 255))


@_case
def a_suffix_for_each_object(folder: Path) -> Path:
    return zip_of(folder, by_object("{video}_{id}/", 1))


@_case
def folders_of_objects_that_are_not_ids(folder: Path) -> Path:
    return zip_of(folder, by_object("{video}/{place}/", 255))


@_case
def two_sets(folder: Path) -> Path:
    """A zip that was added to an old one."""
    return zip_of(folder, good_files() | {f"results/{name}": content for name, content in good_files().items()})


@_case
def a_video_in_two_folders(folder: Path) -> Path:
    return zip_of(
        folder,
        {f"run1/{name}": content for name, content in good_files().items()}
        | {f"run2/{name}": content for name, content in good_files().items() if SINGLE in name},
    )


@_case
def a_prefix(folder: Path) -> Path:
    return zip_of(folder, renamed(VIDEO, lambda _, frame: f"{VIDEO}_{frame:08d}.png"))


@_case
def one_file_under_another_name(folder: Path) -> Path:
    files = good_files()
    files[f"{VIDEO}/frame6.png"] = files.pop(f"{VIDEO}/00000006.png")
    return zip_of(folder, files)


@_case
def more_than_asked_for(folder: Path) -> Path:
    mask = png(labels(VIDEO, 1))
    extra = [
        f"{VIDEO}/00000002.png",
        f"{VIDEO}/00000003.png",
        f"{VIDEO}/log.txt",
        f"{VIDEO}/vis/00000001.png",
        "other/00000001.png",
        "a.txt",
        "b/c/d.txt",
    ]
    return zip_of(folder, good_files() | dict.fromkeys(extra, mask) | {"__MACOSX/._a": b"x", f"{VIDEO}/.DS_Store": b"x"})


@_case
def a_terminal_escape_in_a_name(folder: Path) -> Path:
    return zip_of(folder, good_files() | {"\x1b[2J<script>/00000001.png": b"x", "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe": b"x"})


# pixels


def _drawn(draw: Callable[[Labels], bytes], video: str = VIDEO) -> Build:
    return lambda folder: zip_of(folder, redrawn(video, draw))


def _replaced(*contents: bytes) -> Build:
    return lambda folder: zip_of(folder, good_files() | dict(zip(names(VIDEO)[1:], contents, strict=False)))


_MASK: Final = png(labels(VIDEO, 6))


def _all_drawn(draw: Callable[[Labels], bytes]) -> Build:
    """Every mask of the submission redrawn."""

    def build(folder: Path) -> Path:
        files = good_files()
        for video in (VIDEO, SINGLE, "cVideo03"):
            files = redrawn(video, draw, files)
        return zip_of(folder, files)

    return build


def _all_palette() -> Files:
    return redrawn(SINGLE, lambda array: png_of(palette_image(array)))


def _optimised(array: Labels) -> bytes:
    """Without object 1, and without the colours that are not there."""
    used, labels = np.unique(np.append(np.where(array == 1, np.uint8(0), array), np.uint8(0)), return_inverse=True)
    image = Image.fromarray(labels[:-1].reshape(array.shape).astype(np.uint8))
    image.putpalette([part for object_id in used.tolist() for part in PALETTES[0].colours.get(object_id, (0, 0, 0))])
    return png_of(image)


BUILDERS.update(
    {
        "unreadable-masks": _replaced(
            b"", b"\xff\xd8\xff\xe0", b"hello", _MASK[:60], _MASK[:20], _MASK[:45] + b"\0" + _MASK[46:]
        ),
        "a-huge-claim": _replaced(claimed(100_000, 100_000)),
        "too-few-rows": _replaced(claimed(WIDTH, HEIGHT)),
        "rgb-of-a-palette": _drawn(lambda array: png(np.asarray(palette_image(array).convert("RGB")))),
        "rgba-of-other-colours": _drawn(lambda array: png(np.dstack([array * 60, array, array, array + 100]).astype(np.uint8))),
        "rgb-of-ids": _drawn(lambda array: png(np.dstack([array] * 3))),
        "sixteen-bits": _drawn(lambda array: png(array.astype(np.uint16))),
        "two-channels": _drawn(lambda array: png_of(Image.fromarray(np.dstack([array, array])))),
        "rgb-and-smaller": _drawn(lambda array: png(np.dstack([array[::2, ::2]] * 3))),
        "greys-by-pillow": _drawn(lambda array: png_of(palette_image(array).convert("L"))),
        "greys-by-opencv": _drawn(lambda array: png(read_by_opencv(array, cv2.IMREAD_GRAYSCALE)), "cVideo03"),
        "greys-and-edges": _drawn(lambda array: png(with_edges(np.asarray(palette_image(array).convert("L")), 20, 50))),
        "white-for-the-only-object": lambda folder: zip_of(
            folder, redrawn(SINGLE, lambda array: png(np.where(array > 0, np.uint8(255), np.uint8(0))))
        ),
        "two-thirds": _drawn(lambda array: png(array[: HEIGHT * 2 // 3, : WIDTH * 2 // 3 + 1])),
        "transposed": _drawn(lambda array: png(np.ascontiguousarray(array.T))),
        "cropped": _drawn(lambda array: png(array[:40, :60])),
        "twice-as-large": _drawn(lambda array: png(array.repeat(2, 0).repeat(2, 1))),
        "an-unknown-label": _drawn(lambda array: png(np.where(array == 2, np.uint8(7), array))),
        "interpolated": _drawn(lambda array: png(with_edges(array, 3)), "cVideo03"),
        "an-object-dropped": _drawn(lambda array: png(np.where(array == 2, np.uint8(0), array))),
        "void-for-the-dropped-object": _drawn(lambda array: png(np.where(array == 2, np.uint8(255), array))),
        "thirty-proposals": _drawn(lambda array: png(np.where(array == 2, np.uint8(30), array))),
        "ids-times-50": _all_drawn(lambda array: png(array * np.uint8(50))),
        "ids-times-128": _all_drawn(lambda array: png(array * np.uint8(128))),
        "optimised-palettes": lambda folder: zip_of(
            folder, redrawn(VIDEO, _optimised, redrawn("cVideo03", lambda array: png_of(palette_image(array)), _all_palette()))
        ),
        "a-background-of-1": _all_drawn(lambda array: png(array + np.uint8(1))),
        "white-for-several-objects": _all_drawn(lambda array: png(np.where(array > 0, np.uint8(255), np.uint8(0)))),
        "probabilities": _all_drawn(lambda array: png(np.asarray(cv2.GaussianBlur((array > 0) * np.uint8(255), (19, 19), 4)))),
        "all-black": _all_drawn(lambda array: png(array * np.uint8(0))),
        "smoothed-colours": _drawn(
            lambda array: png(np.asarray(cv2.GaussianBlur(np.asarray(palette_image(array).convert("RGB")), (3, 3), 0)))
        ),
        "ids-as-a-salient-map": lambda folder: zip_of(folder, redrawn(SINGLE, lambda array: png(array * np.uint8(7)))),
    }
)

TASKS: Final = {
    "thirty-proposals": Task.UNSUPERVISED_MULTIPLE,
    "ids-as-a-salient-map": Task.UNSUPERVISED_SINGLE,
}
"""The task in which a fault is one, if it is not the semi-supervised one."""

"""What `pack` makes of each faulty submission and of each encoding: undone, undone with a choice, or refused."""

from __future__ import annotations

from lvos_eval.workflows.pack_options import PackOptions

FEW = {
    *("colours", "colours and alpha", "three channels of greys of a palette", "greys by OpenCV", "ids times 60, which wraps"),
    *("palettes without unused colours", "ids from 0 beside a background of 255", "sixteen bits", "transposed"),
    *("greys of few bits, twice as large", "colours, and twice as large"),
}
"""Cases of every kind of encoding; the others differ from them in little more than their numbers."""


UNDONE_NAMES = {
    "backslashes": "files with backslashes in their paths",
    "a-folder-unpacked-from-backslashes": "files with backslashes in their paths",
    "a-file-of-the-platform": "files that are not needed left out",
    "three-folders-too-many": "files taken out of the folders around the videos",
    "ids-in-other-capitals": "files in folders that differ in capitals from the video",
    "a-video-in-other-capitals": "files in folders that differ in capitals from the video",
    "a-video-elsewhere": "files taken out of the folders around the videos",
    "numbered-from-0": "masks renamed after their frames",
    "numbered-from-1": "masks renamed after their frames",
    "frames-off-by-one": "masks renamed after their frames",
    "five-digits": "masks renamed after their frames",
    "every-frame-from-0": "masks renamed after their frames",
    "five-digits-and-one-too-many": "masks renamed after their frames",
    "a-prefix": "masks renamed after their frames",
    "one-file-under-another-name": "masks renamed after their frames",
    "a-folder-for-each-object": "files of single objects merged",
    "a-suffix-for-each-object": "files of single objects merged",
    "more-than-asked-for": "files that are not needed left out",
    "a-terminal-escape-in-a-name": "files that are not needed left out",
    "rgb-of-a-palette": "colours of the DAVIS palette",
    "rgb-of-ids": "ids of RGB images",
    "sixteen-bits": "ids of 16-bit greyscale images",
    "two-channels": "ids of greyscale with alpha images",
    "greys-by-pillow": "greys of the DAVIS palette",
    "greys-by-opencv": "greys of the DAVIS palette",
    "white-for-the-only-object": "the only object written as 255",
    "ids-times-50": "values that are the ids times 50",
    "a-background-of-1": "values that are one more than the ids, and the background is 1",
}
"""The submissions with one fault that are packed without a choice, and what is said to have been done."""

CHOSEN = {
    "a-missing-video": PackOptions(fill_missing=True),
    "one-missing-frame": PackOptions(fill_missing=True),
    "missing-frames": PackOptions(fill_missing=True),
    "five-digits-and-one-missing": PackOptions(fill_missing=True),
    "numbered-from-0-and-one-missing": PackOptions(rename=("5 * n + 1",)),
    "every-frame-from-0-in-eight-digits": PackOptions(rename=("n",)),
    "two-sets": PackOptions(root="results"),
    "a-video-in-two-folders": PackOptions(root="run1"),
    "two-thirds": PackOptions(resize=True),
    "rgb-and-smaller": PackOptions(resize=True),
    "cropped": PackOptions(resize=True),
    "twice-as-large": PackOptions(resize=True),
    "transposed": PackOptions(transpose="swapped"),
    "an-unknown-label": PackOptions(keep_labels=True),
    "void-for-the-dropped-object": PackOptions(keep_labels=True),
}
"""Those that need a choice, and one of those that their text offers."""

REFUSED = {
    *("a-tar-gz", "an-empty-file", "a-text-file", "encrypted", "bzip2-members", "a-split-zip", "an-upload-that-broke-off"),
    *("a-damaged-directory", "a-wrong-member-count", "a-name-that-is-not-utf8", "damaged-members", "overlapping-members"),
    *("absolute-paths", "paths-that-climb", "links-in-a-zip", "a-nul-in-a-name", "a-long-path", "links-in-a-folder"),
    *("the-same-path-twice", "names-in-other-capitals", "paths-that-are-one-when-unpacked", "a-zip-in-the-comment"),
    *("no-videos-at-all", "an-empty-folder", "a-zip-in-a-zip", "jpegs", "folders-of-objects-that-are-not-ids"),
    *("unreadable-masks", "a-huge-claim", "too-few-rows", "rgba-of-other-colours", "greys-and-edges", "ids-times-128"),
    *("white-for-several-objects", "probabilities", "all-black", "smoothed-colours"),
}
"""Those that nobody can put right but who made them."""

ELSEWHERE = {
    *("interpolated", "an-object-dropped", "optimised-palettes"),  # valid, or without an object that is lost for good
    *("thirty-proposals", "ids-as-a-salient-map"),  # another task
    *("zeros-in-one-member", "a-member-that-unpacks-to-more-than-it-says", "zeros-in-many-members"),  # floods
    *("a-dense-member", "ten-million-members", "a-large-upload"),
}

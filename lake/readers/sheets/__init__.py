"""What calamine does not tell of a workbook: how far the cells of a sheet reach, and which of them hold an error.

calamine holds a sheet as a rectangle up to its last cells, and gives nothing for a cell that holds an error. Both are
looked for in the file itself: `ooxml` (XLSX, XLSM), `opendocument` (ODS), `biff` (XLS).
"""

from __future__ import annotations

import zipfile
from typing import BinaryIO

import olefile

from lake.errors import ReadError
from lake.readers.sheets import ooxml, opendocument
from lake.readers.sheets.biff import Biff
from lake.readers.sheets.extent import ErrorCell, Extent, Sheets

__all__ = ["ErrorCell", "Extent", "Sheets", "of"]


def of(file: BinaryIO) -> Sheets:
    """The sheets of a workbook.

    Args:
        file: The workbook, open as long as its sheets are asked.

    Raises:
        ReadError: it is of a form whose cells can't be counted before they fill the memory.
    """
    file.seek(0)
    if olefile.isOleFile(file):
        return Biff(file)
    archive = zipfile.ZipFile(file)
    members = archive.namelist()
    if ooxml.BOOK in members:
        return ooxml.Ooxml(archive)
    if opendocument.CONTENT in members:
        return opendocument.OpenDocument(archive)
    raise ReadError("The workbook is of a form that is not read (XLSB, …).", remedy="Save it as XLSX.")

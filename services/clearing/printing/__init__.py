"""Tables of a month on paper: XLSX, CSV and PDF."""

from services.clearing.printing.model import ProvinceTables
from services.clearing.printing.rendering import MEDIA_TYPES, Format, file_name, render

__all__ = [
    "MEDIA_TYPES",
    "Format",
    "ProvinceTables",
    "file_name",
    "render",
]

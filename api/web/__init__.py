"""The page: drop a file, read findings in sentences."""

from pathlib import Path

FOLDER = Path(__file__).parent

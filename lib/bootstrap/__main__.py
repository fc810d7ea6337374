"""`python3 lib/bootstrap ARGUMENTS`: set up the checkout if need be, then run its Python with these arguments."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # so that this folder is the package `bootstrap`

from bootstrap.venv import main  # noqa: E402

sys.exit(main(sys.argv[1:]))

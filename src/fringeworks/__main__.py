"""``python -m fringeworks`` is the command line."""

import sys

from fringeworks.cli import main

if __name__ == "__main__":
    sys.exit(main())

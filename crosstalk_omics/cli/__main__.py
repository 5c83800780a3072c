"""``python -m crosstalk_omics.cli``."""

from . import main

main()

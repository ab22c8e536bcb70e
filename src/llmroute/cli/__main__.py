"""`python -m llmroute.cli`, for when the script is not on the path."""

import sys

from . import main

sys.exit(main())

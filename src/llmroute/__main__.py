"""`python -m llmroute`: the command line, for when the script is not on the path."""

import sys

from llmroute.cli import main

sys.exit(main())

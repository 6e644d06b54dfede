"""`python -m services.ektp` is `ektp`: the same command inside an image, a supervisor or a test."""

from services.ektp.cli import main

main()

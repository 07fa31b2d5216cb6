"""``python -m segmentlearn`` is the command line."""

from segmentlearn.cli import main

if __name__ == "__main__":
    main()

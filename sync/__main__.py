"""`python -m sync` is `journal`."""

from sync.cli import main

if __name__ == "__main__":
    main()

"""``python -m actas``."""

from actas.cli.main import main

if __name__ == "__main__":
    main()

"""``python -m evacroute`` is the command ``evacroute``."""

from evacroute.cli import main

if __name__ == "__main__":
    main()

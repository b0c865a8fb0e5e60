"""Entry point of the image: run the check that the first argument names."""

from helper.runner import main

if __name__ == "__main__":
    raise SystemExit(main(__package__))

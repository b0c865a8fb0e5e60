from helper.runner import main

if __name__ == "__main__":
    raise SystemExit(main(__package__))

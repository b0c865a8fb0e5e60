"""Where `aicr-orch` and `python -m orchestrator` begin."""

from orchestrator.exits import Exit


def main() -> int:
    """Run the command; a Ctrl-C while it is still being loaded is one as well."""
    try:
        from orchestrator import cli

        return cli.main()
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)


if __name__ == "__main__":
    raise SystemExit(main())

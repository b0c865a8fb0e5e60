"""`python -m orchestrator` is `aicr-orch`."""

from orchestrator.cli import main

raise SystemExit(main())

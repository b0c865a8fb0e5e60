"""Where the reports of a run go: the places that were asked for, and the run's own folder."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from helper.errors import CannotTell
from helper.kube import Kube
from orchestrator import attachments, rundir, stdout
from orchestrator.errors import StopError
from orchestrator.inputs import CONFIG_MAP, scheme_of
from orchestrator.report_map import ReportMap
from orchestrator.reports import deliver, step_summary
from orchestrator.reports.formats import CTRF, RENDERED, STDOUT, Output
from orchestrator.version import version

PATIENCE_S = 30.0  # an API server that restarts now must not cost the report

Connect = Callable[[], AbstractContextManager[Kube]]
Tell = Callable[[str, str], None]  # words, level
Make = Callable[[bool], Mapping[str, Any]]  # the report, by whether all before it was delivered


class Delivery:
    """Brings the reports of one run to their places; `tell` hears what goes wrong."""

    def __init__(
        self,
        outputs: Sequence[Output],
        folder: rundir.RunDir,
        connect: Connect,
        tell: Tell,
        env: Mapping[str, str],
    ) -> None:
        self._outputs = outputs
        self._records = [output for output in outputs if output.format == CTRF]
        self._folder = folder
        self._connect = connect
        self._tell = tell
        self._env = env

    def check(self, kube: Kube, run_namespace: str) -> None:
        """Refuse a place in the cluster that cannot take the report, before the run begins."""
        for output in self._records:
            if scheme_of(output.place) == CONFIG_MAP:
                ReportMap.parse(output.place).check(kube, run_namespace)

    def write(self, make: Make) -> tuple[list[str], bool]:
        """Write the reports; names the places, and says whether all that were asked for have them.

        Without `--output` the record goes to stdout, unless that is somebody's terminal.
        The records come behind what is made from them, and the folder's last: they have the exit
        code, which depends on whether the others found their places.
        """

        def document(is_delivered: bool) -> Mapping[str, Any]:
            return attachments.placed(make(is_delivered), self._folder.path)

        places: list[str] = []
        made = deliver.write(self._outputs, document(True), self._tell)
        is_delivered = len(made) == sum(output.format in RENDERED for output in self._outputs)
        has_record = False
        for output in self._records:
            is_there = self._to_output(output, document(is_delivered), places)
            is_delivered, has_record = is_delivered and is_there, has_record or is_there
        if not self._outputs and sys.stdout and not sys.stdout.isatty():
            has_record = self._to_stdout(rundir.text(document(is_delivered)))
            is_delivered = has_record
        self._to_folder(make(is_delivered), places)
        if not places and not has_record:
            with suppress(OSError, UnicodeError):
                stdout.write(sys.stderr, rundir.text(document(is_delivered)))  # nobody else has it
        self._to_step_summary(document(is_delivered))
        return [*places, *made], is_delivered

    def _to_output(self, output: Output, document: Mapping[str, Any], places: list[str]) -> bool:
        if output.place == STDOUT:
            return self._to_stdout(rundir.text(document))
        try:
            if scheme_of(output.place) == CONFIG_MAP:
                with self._connect() as kube:
                    patient = kube.patient(PATIENCE_S)
                    ReportMap.parse(output.place).write(patient, document, version())
            else:
                rundir.write(Path(output.place), document)
        except (OSError, CannotTell, StopError) as error:
            self._tell(f"the report cannot be written to {output}: {error}", "error")
            return False
        places.append(output.labelled)
        return True

    def _to_stdout(self, text: str) -> bool:
        try:
            stdout.report(text)
        except OSError as error:
            self._tell(f"the report cannot be written to stdout: {error}", "error")
            return False
        return True

    def _to_folder(self, document: Mapping[str, Any], places: list[str]) -> None:
        try:
            places.append(rundir.short(self._folder.report(document)))
        except OSError as error:
            self._tell(f"the run's folder does not take it: {error}", "warning")

    def _to_step_summary(self, document: Mapping[str, Any]) -> None:
        try:
            step_summary.append(document, self._env)
        except Exception as error:  # it is a courtesy
            self._tell(f"the step's summary cannot be written: {error}", "warning")

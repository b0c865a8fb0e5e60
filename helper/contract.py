"""The contract between orchestrator and validator images: names, paths, labels, limits.

The two sides meet in files and process facts only, so a name changes here or nowhere.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The verdict of a check as its container's exit status; everything else is `other`."""

    PASS = 0
    FAIL = 1
    SKIP = 2
    OTHER = 3  # the check itself says that it cannot give a verdict
    TERMINATED = 143  # 128 + SIGTERM


# Environment of a validator container.
SNAPSHOT_PATH = "AICR_SNAPSHOT_PATH"
VALIDATION_PATH = "AICR_VALIDATION_PATH"
RECIPE_PATH = "AICR_RECIPE_PATH"  # older input path; read, never set
VALIDATOR_NAME = "AICR_VALIDATOR_NAME"
VALIDATOR_PHASE = "AICR_VALIDATOR_PHASE"
RUN_ID = "AICR_RUN_ID"
NAMESPACE = "AICR_NAMESPACE"
CHECK_TIMEOUT = "AICR_CHECK_TIMEOUT"
NODE_SELECTOR = "AICR_NODE_SELECTOR"
TOLERATIONS = "AICR_TOLERATIONS"
CLI_VERSION = "AICR_CLI_VERSION"
CLI_COMMIT = "AICR_CLI_COMMIT"
IMAGE_REGISTRY = "AICR_VALIDATOR_IMAGE_REGISTRY"
IMAGE_TAG = "AICR_VALIDATOR_IMAGE_TAG"
IMAGE = "AICR_IMAGE"  # the image that the check itself runs as
DEPTH = "AICR_DEPTH"  # fast or full
DEBUG = "AICR_DEBUG"
# From the operator's shell to one check each; see orchestrator/forwarding.py.
HF_TOKEN = "HF_TOKEN"  # noqa: S105 - a name
REQUIRE_SCOPED_GATEWAY = "AICR_REQUIRE_SCOPED_INFERENCE_GATEWAY"
NCCL_FABRIC = "AICR_NCCL_FABRIC"
INFERENCE_PERF_NO_CLEANUP = "AICR_INFERENCE_PERF_NO_CLEANUP"
FILE_ROOT = "AICR_FILE_ROOT"  # a check run as a local process finds its files below this folder

ENGINE_ENV = frozenset(
    {
        SNAPSHOT_PATH,
        VALIDATION_PATH,
        RECIPE_PATH,
        VALIDATOR_NAME,
        VALIDATOR_PHASE,
        RUN_ID,
        NAMESPACE,
        CHECK_TIMEOUT,
        NODE_SELECTOR,
        TOLERATIONS,
        CLI_VERSION,
        CLI_COMMIT,
        IMAGE_REGISTRY,
        IMAGE_TAG,
        IMAGE,
        DEPTH,
        DEBUG,
        HF_TOKEN,
        REQUIRE_SCOPED_GATEWAY,
        NCCL_FABRIC,
        INFERENCE_PERF_NO_CLEANUP,
        FILE_ROOT,
    }
)
"""Variables that the engine owns; a catalog entry may not set them."""

# Files, all below FILE_ROOT.
SNAPSHOT_DIR = "/data/snapshot"
SNAPSHOT_FILE = f"{SNAPSHOT_DIR}/snapshot.yaml"
VALIDATION_DIR = "/data/validation"
VALIDATION_FILE = f"{VALIDATION_DIR}/validation.yaml"
RECIPE_FILE = "/data/recipe/recipe.yaml"
TERMINATION_LOG = "/dev/termination-log"
SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount"

# Names in the cluster.
CONTAINER = "validator"  # results are read from this container only
OBJECT_PREFIX = "aicr-"
LABEL_NAME = "app.kubernetes.io/name"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_VERSION = "app.kubernetes.io/version"
LABEL_PART_OF = "app.kubernetes.io/part-of"
LABEL_COMPONENT = "app.kubernetes.io/component"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_RUN_ID = "aicr.run/run-id"
LABEL_CHECK = "aicr.run/check"
LABEL_PHASE = "aicr.run/phase"
LABEL_VALIDATOR = "aicr.run/validator"  # what the reference calls aicr.run/check
LABEL_JOB_TYPE = "aicr.run/job-type"
LABEL_REPORT_TYPE = "aicr.run/report-type"
DEFAULT_NAMESPACE = "aicr-validation"  # of a run
APP_NAME = "aicr-validator"
JOB_TYPE = "validation"  # of a check's own Job, and of its pod
MANAGER = "aicr"

# Lines on stdout with a meaning.
RESULT_PREFIX = "RESULT: "  # shown to the operator as it happens
FACT_PREFIX = "FACT: "  # one JSON object for the report's `extra`

# Limits.
TERMINATION_LOG_BYTES = 4096  # kubelet's limit per container
EVIDENCE_LINE_CHARS = 512  # longer lines are cut in the report
EVIDENCE_LINES = 1000
CONFIG_MAP_BYTES = 900 * 1024  # the API server refuses 1 MiB; names and labels need room

# Seconds.
DEFAULT_CHECK_TIMEOUT_S = 300.0  # catalog entries without one
STANDALONE_TIMEOUT_S = 3300.0  # a check started by hand, without AICR_CHECK_TIMEOUT
CLEANUP_RESERVE_S = 30.0  # kept back from a check's budget for cleanup and reporting
CLEANUP_BOUND_S = 25.0  # below the 30 s that Kubernetes waits between SIGTERM and SIGKILL
TERMINATION_GRACE_S = 30
FRESH_BINDING_S = 5.0  # a new RBAC binding reaches every API server within this time
